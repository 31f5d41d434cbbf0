import { beforeAll, describe, expect, test } from 'vitest'
import { guacamoleEnvironment } from '../../src/lambda/follower-environment.ts'
import { functionsSettings, guacamoleSettings, type Synthesised, synthesise } from '../../test/fixtures/stacks.ts'

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise(guacamoleSettings)
})
const made = (type: string, of = stacks) => of.properties('EnchiladaShared', type)
const { database, guacamole } = guacamoleSettings
const functionTold = (name: string, of = stacks) =>
  made('AWS::Lambda::Function', of).find(({ Environment }) => name in Environment.Variables)
const follower = (of = stacks) => functionTold('ENCHILADA_GUACAMOLE', of)
const writer = () => functionTold('EVENTS_QUEUE_URL')
const granted = (role: RegExp): { Action: string | string[]; Resource: unknown }[] =>
  made('AWS::IAM::Policy')
    .filter(({ Roles }) => role.test(Roles[0].Ref))
    .flatMap((one) => one['PolicyDocument'].Statement)

describe('the function that follows', () => {
  test('is told the Guacamole and where its secrets are, none of them in clear', () => {
    const told = follower()?.['Environment'].Variables
    expect(guacamoleEnvironment.parse(told)).toMatchObject({
      ENCHILADA_GUACAMOLE: { rest: { url: guacamole.target.rest.url }, group: 'Enchilada' },
      GUACAMOLE_SECRETS: guacamole.secrets,
    })
    expect(told).toMatchObject({ DATABASE_SECRET_ARN: database.secretArn, TRAIL_GROUP: expect.anything() })
    expect(told['NODE_EXTRA_CA_CERTS']).toBe('/var/runtime/ca-cert.pem')
  })

  test('reads exactly the secrets that were named, and the writer none of Guacamole', () => {
    const secretsOf = (role: RegExp) =>
      granted(role)
        .filter(({ Action }) => [Action].flat().includes('secretsmanager:GetSecretValue'))
        .flatMap(({ Resource }) => Resource)
    expect(secretsOf(/GuacamoleRole/).sort()).toEqual([database.secretArn, ...Object.values(guacamole.secrets)].sort())
    expect(secretsOf(/WriterRole/)).toEqual([database.secretArn])
    const actions = granted(/GuacamoleRole/).flatMap(({ Action }) => Action)
    expect(actions.filter((action) => /^(sts|ec2:(Run|Describe(Inst|Reg)))/.test(action))).toEqual([])
    expect(actions).not.toContain('sqs:SendMessage')
  })

  test('stands where it reaches the database and Guacamole', () => {
    expect(follower()?.['VpcConfig']).toEqual({
      SubnetIds: guacamole.subnetIds,
      SecurityGroupIds: [database.securityGroupId, guacamole.securityGroupId],
    })
    const { target, secrets } = guacamole
    expect(follower(synthesise({ ...guacamoleSettings, guacamole: { target, secrets } }))?.['VpcConfig']).toEqual({
      SubnetIds: database.subnetIds,
      SecurityGroupIds: [database.securityGroupId],
    })
  })

  test('gets each changed scope from the writer over a queue with dead letters, two batches at once', () => {
    const queueOf = (fn: ReturnType<typeof follower>) => fn?.['Environment'].Variables['GUACAMOLE_QUEUE_URL']
    expect(queueOf(writer())).toEqual(queueOf(follower()))
    const queue = made('AWS::SQS::Queue').find((one) => one['QueueName'] === 'enchilada-guacamole')
    expect(queue?.['RedrivePolicy']).toMatchObject({ maxReceiveCount: 10 })
    expect(queue?.['VisibilityTimeout']).toBeGreaterThanOrEqual(6 * follower()?.['Timeout'])
    const mapping = made('AWS::Lambda::EventSourceMapping').find((one) =>
      JSON.stringify(one['FunctionName']).includes('Follower'),
    )
    expect(mapping).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    })
    const sends = granted(/WriterRole/).find(({ Action }) => [Action].flat().includes('sqs:SendMessage'))
    expect(JSON.stringify(sends?.Resource)).toContain('GuacamoleScopesQueue')
  })

  test('reads the history every minute; what failed is not done twice', () => {
    const rule = made('AWS::Events::Rule').find((one) => one['ScheduleExpression'] === 'rate(1 minute)')
    expect(rule?.['Targets']).toMatchObject([{ Input: '{"history":true}', RetryPolicy: { MaximumRetryAttempts: 0 } }])
    expect(made('AWS::Lambda::EventInvokeConfig')).toMatchObject([{ MaximumRetryAttempts: 0 }])
  })

  test('is not there without a Guacamole', () => {
    const without = synthesise(functionsSettings)
    const template = JSON.stringify(without.template('EnchiladaShared').toJSON())
    expect(template).not.toMatch(/guacamole/i)
  })
})
