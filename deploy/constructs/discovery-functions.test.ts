import { beforeAll, describe, expect, test } from 'vitest'
import { observerEnvironment, writerEnvironment } from '../../src/lambda/environment.ts'
import { functionsSettings, type Synthesised, synthesise } from '../../test/fixtures/stacks.ts'

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise(functionsSettings)
})
const made = (type: string) => stacks.properties('EnchiladaShared', type)
const functionOf = (name: 'observer' | 'writer') =>
  made('AWS::Lambda::Function').find(({ VpcConfig }) => (VpcConfig === undefined) === (name === 'observer'))
const { database } = functionsSettings

/** As CloudFormation fills it in, roughly. */
function filled(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) throw new Error(`nothing to fill in: ${value}`)
  if ('Ref' in value) return value.Ref === 'AWS::Partition' ? 'aws' : `https://queue.example/${value.Ref}`
  if ('Fn::ImportValue' in value) return String(value['Fn::ImportValue']).replaceAll(':', '/')
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) return value['Fn::Join'][1].map(filled).join('')
  throw new Error(`not filled in here: ${JSON.stringify(value)}`)
}

const environmentOf = (name: 'observer' | 'writer') =>
  Object.fromEntries(
    Object.entries(functionOf(name)?.['Environment'].Variables ?? {}).map(([key, value]) => [key, filled(value)]),
  )

describe('discovery by functions', () => {
  test('each is told what it asks for, and the observer of no database', () => {
    const observer = observerEnvironment.parse(environmentOf('observer'))
    expect(observer.ENCHILADA_AWS).toMatchObject({
      homeRegion: 'eu-west-1',
      accounts: 'organization',
      regions: functionsSettings.regions,
      organizationRole: 'arn:aws:iam::109876543210:role/EnchiladaDirectory',
      eventQueue: expect.stringContaining('/Events'),
    })
    const writer = writerEnvironment.parse({ ...environmentOf('writer'), AWS_REGION: 'eu-west-1' })
    expect(writer).toMatchObject({
      DATABASE_SECRET_ARN: database.secretArn,
      OBSERVATIONS_QUEUE_URL: expect.stringContaining('/DiscoveryObservations'),
      TRAIL_GROUP: expect.stringContaining('Trail'),
    })
    expect(environmentOf('writer')['NODE_EXTRA_CA_CERTS']).toBe('/var/runtime/ca-cert.pem')
    expect(JSON.stringify(functionOf('observer'))).not.toContain('DATABASE')
  })

  test('the observer visits accounts and knows no secret; the writer knows the secret and may visit nobody', () => {
    const granted = (role: RegExp) =>
      JSON.stringify(
        made('AWS::IAM::Policy')
          .filter(({ Roles }) => role.test(Roles[0].Ref))
          .map((one) => one['PolicyDocument']),
      )
    expect(granted(/ObserverRole/)).toContain('sts:AssumeRole')
    expect(granted(/ObserverRole/)).not.toContain('secretsmanager')
    expect(granted(/WriterRole/)).toContain(database.secretArn)
    expect(granted(/WriterRole/)).not.toContain('sts:')
    expect(functionOf('writer')?.['VpcConfig']).toEqual({
      SubnetIds: database.subnetIds,
      SecurityGroupIds: [database.securityGroupId],
    })
  })

  test('what a function could not do goes back alone; a sweep does not stand before events', () => {
    const mappings = made('AWS::Lambda::EventSourceMapping')
    expect(mappings).toHaveLength(3)
    for (const one of mappings) expect(one['FunctionResponseTypes']).toEqual(['ReportBatchItemFailures'])
    expect(new Set(mappings.map((one) => JSON.stringify(one['EventSourceArn']))).size).toBe(3)
    const queues = made('AWS::SQS::Queue').filter((one) => one['RedrivePolicy'])
    for (const { Timeout } of made('AWS::Lambda::Function')) {
      for (const queue of queues) expect(queue['VisibilityTimeout']).toBeGreaterThanOrEqual(6 * Timeout)
    }
  })

  test('observers divide the rate of EC2 among as many as may run at once', () => {
    const mappings = made('AWS::Lambda::EventSourceMapping')
    const most = (name: 'observer' | 'writer') => {
      const of = mappings.filter((one) => JSON.stringify(one['FunctionName']).toLowerCase().includes(name))
      return of.reduce((sum, one) => sum + one['ScalingConfig'].MaximumConcurrency, 0)
    }
    // And the one that the schedule asks to begin a sweep.
    expect(observerEnvironment.parse(environmentOf('observer')).OBSERVERS).toBe(most('observer') + 1)
    expect(most('writer')).toBe(5)
  })

  test('the sweep is asked for by a schedule', () => {
    const sweep = made('AWS::Events::Rule').find((rule) => rule['ScheduleExpression'])
    expect(sweep).toMatchObject({ ScheduleExpression: 'rate(15 minutes)', Targets: [{ Input: '{"sweep":true}' }] })
  })

  test('both run on the pinned line of Node and keep their log for a time', () => {
    for (const one of made('AWS::Lambda::Function')) {
      expect(one).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' })
    }
    expect(made('AWS::Logs::LogGroup').map((one) => one['RetentionInDays'])).toEqual([90, 90])
  })

  test('`serve` then takes nothing from the queue', () => {
    const portal = made('AWS::IAM::Policy').filter(({ Roles }) => /^PortalRole/.test(Roles[0].Ref))
    expect(portal.length).toBeGreaterThan(0)
    expect(JSON.stringify(portal)).not.toContain('sqs:')
  })
})
