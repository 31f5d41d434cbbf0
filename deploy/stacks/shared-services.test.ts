import { beforeAll, describe, expect, test } from 'vitest'
import {
  functionsSettings,
  organization,
  plainSettings,
  type Synthesised,
  shared,
  synthesise,
} from '../../test/fixtures/stacks.ts'

const STACK = 'EnchiladaShared'
const further = 'o-zzzzzzzzzz'

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise({ ...plainSettings, furtherOrganizations: [further] })
})

describe('the shared services', () => {
  test('admit each organisation to the bus by a statement of its own, and nobody else', () => {
    const Resource = {
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:events:eu-west-1:${shared}:event-bus/default`]],
    }
    expect(stacks.properties(STACK, 'AWS::Events::EventBusPolicy')).toEqual(
      [organization, further].map((id) => ({
        EventBusName: 'default',
        StatementId: `enchilada-${id}`,
        Statement: {
          Effect: 'Allow',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource,
          Condition: { StringEquals: { 'aws:PrincipalOrgID': id } },
        },
      })),
    )
  })

  test('take the same events from the bus to the queue; what cannot be delivered is kept', () => {
    const patterns = (stack: string) =>
      stacks.properties(stack, 'AWS::Events::Rule').map((rule) => rule['EventPattern'])
    expect(patterns(STACK)).toEqual(patterns('EnchiladaWorkload'))
    const queues = stacks.template(STACK).findResources('AWS::SQS::Queue')
    const arn = (name: string) => ({
      'Fn::GetAtt': [Object.keys(queues).find((id) => queues[id]?.['Properties'].QueueName === name), 'Arn'],
    })
    for (const { Targets } of stacks.properties(STACK, 'AWS::Events::Rule')) {
      expect(Targets).toHaveLength(1)
      expect(Targets[0]).toMatchObject({
        Arn: arn('enchilada-events'),
        DeadLetterConfig: { Arn: arn('enchilada-events-dead-letters') },
      })
    }
  })

  test('queues are open to those rules alone, and to nobody without TLS', () => {
    const rules = Object.keys(stacks.template(STACK).findResources('AWS::Events::Rule'))
    const policies = stacks.properties(STACK, 'AWS::SQS::QueuePolicy')
    expect(policies).toHaveLength(2)
    for (const { PolicyDocument } of policies) {
      const statements: {
        Action: string | string[]
        Condition: { ArnEquals?: Record<string, { 'Fn::GetAtt': string[] }> }
      }[] = PolicyDocument.Statement
      const [denied, ...allowed] = statements
      expect(denied).toMatchObject({
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'sqs:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      })
      for (const one of allowed) {
        expect(one).toMatchObject({ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' } })
        expect([one.Action].flat().filter((action) => !/^sqs:(SendMessage|GetQueue\w+)$/.test(action))).toEqual([])
      }
      const admitted = allowed.map((one) => one.Condition.ArnEquals?.['aws:SourceArn']?.['Fn::GetAtt'][0])
      expect(admitted.sort()).toEqual(rules.sort())
    }
  })

  test('every queue has dead letters, kept longer than it keeps messages itself', () => {
    for (const settings of [plainSettings, functionsSettings]) {
      const queues = synthesise(settings).properties(STACK, 'AWS::SQS::Queue')
      const isDead = ({ QueueName }: Record<string, string>) => QueueName?.endsWith('-dead-letters')
      for (const queue of queues) expect(queue['SqsManagedSseEnabled']).toBe(true)
      for (const queue of queues.filter((one) => !isDead(one))) {
        const dead = queues.find((one) => one['QueueName'] === `${queue['QueueName']}-dead-letters`)
        expect(queue['RedrivePolicy'].maxReceiveCount).toBe(10)
        expect(dead?.['MessageRetentionPeriod']).toBeGreaterThan(queue['MessageRetentionPeriod'])
      }
    }
  })

  test('the portal runs on an instance or in a task, under a name that the accounts know', () => {
    const role = stacks.properties(STACK, 'AWS::IAM::Role').find((one) => one['RoleName'] === 'EnchiladaPortal')
    const services = role?.['AssumeRolePolicyDocument'].Statement.map((one: { Principal: unknown }) => one.Principal)
    expect(services).toEqual([{ Service: ['ec2.amazonaws.com', 'ecs-tasks.amazonaws.com'] }])
    expect(stacks.properties(STACK, 'AWS::IAM::InstanceProfile')).toMatchObject([
      { InstanceProfileName: 'EnchiladaPortal' },
    ])
  })

  test('the portal reads no secret but those that open targets, and deletes nothing', () => {
    const text = JSON.stringify(stacks.properties(STACK, 'AWS::IAM::Policy'))
    expect(text).toContain(':secret:enchilada/*')
    expect(text).toContain(':parameter/enchilada/*')
    expect(text).not.toMatch(/s3:Delete|s3:Bypass|logs:Delete|kms:\*/)
  })

  test('tell the configuration what it needs', () => {
    const outputs = (stack: string) =>
      Object.keys(stacks.template(stack).toJSON()['Outputs']).filter((name) => !name.startsWith('Exports'))
    expect(outputs(STACK)).toEqual(['EventQueueUrl', 'PortalRole'])
    expect(outputs('EnchiladaDirectory')).toEqual(['DirectoryRoleArn'])
    expect(outputs('EnchiladaEvidence')).toEqual(['TrailGroup', 'CheckpointsUrl', 'SigningKeyArn', 'RecordingsUrl'])
  })
})
