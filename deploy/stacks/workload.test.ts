import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { functionsSettings, plainSettings, type Synthesised, shared, synthesise } from '../../test/fixtures/stacks.ts'

const partition = { Ref: 'AWS::Partition' }
const joined = (...parts: unknown[]) => ({ 'Fn::Join': ['', parts] })
const principal = (resource: string) => joined('arn:', partition, `:iam::${shared}:${resource}`)
const bus = joined('arn:', partition, `:events:eu-west-1:${shared}:event-bus/default`)
const STACK = 'EnchiladaWorkload'

let stacks: Synthesised
let byFunctions: Synthesised
beforeAll(() => {
  stacks = synthesise(plainSettings)
  byFunctions = synthesise(functionsSettings)
})

const conditionsOf = (type: string) => [
  ...new Set(Object.values(stacks.template(STACK).findResources(type)).map((one) => one['Condition'])),
]
const roleOf = (made: Synthesised, name?: string) =>
  made.properties(STACK, 'AWS::IAM::Role').find((role) => role['RoleName'] === name)

describe('the stack of a workload account', () => {
  test('is one template without files, small enough for a stack set', () => {
    expect(readFileSync(join(stacks.folder, `${STACK}.template.json`)).length).toBeLessThan(51_200)
    const types = Object.values<{ Type: string }>(stacks.template(STACK).toJSON()['Resources']).map((one) => one.Type)
    expect([...new Set(types)].sort()).toEqual(['AWS::Events::Rule', 'AWS::IAM::Policy', 'AWS::IAM::Role'])
  })

  test('makes roles in the home region alone, and sends events from everywhere but the shared bus itself', () => {
    const conditions = stacks.template(STACK).toJSON()['Conditions']
    const atHome = { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'eu-west-1'] }
    const inShared = { 'Fn::Equals': [{ Ref: 'AWS::AccountId' }, shared] }
    expect(conditions.HomeRegion).toEqual(atHome)
    expect(conditions.NotTheSharedBus).toEqual({ 'Fn::Not': [{ 'Fn::And': [atHome, inShared] }] })
    expect(conditionsOf('AWS::Events::Rule')).toEqual(['NotTheSharedBus'])
    expect(conditionsOf('AWS::IAM::Policy')).toEqual(['NotTheSharedBus'])
    const roles = Object.values(stacks.template(STACK).findResources('AWS::IAM::Role'))
    expect(roles.map((role) => [role['Properties'].RoleName, role['Condition']])).toEqual([
      ['EnchiladaRead', 'HomeRegion'],
      ['EnchiladaConnect', 'HomeRegion'],
      [undefined, 'NotTheSharedBus'],
    ])
  })

  test('sends three kinds of event to the shared bus, by a role that can do nothing else', () => {
    const rules = stacks.properties(STACK, 'AWS::Events::Rule')
    for (const { Targets } of rules) expect(Targets).toMatchObject([{ Arn: bus }])
    expect(rules.map(({ EventPattern }) => EventPattern)).toEqual([
      {
        source: ['aws.ec2'],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          eventSource: ['ec2.amazonaws.com'],
          eventName: ['RunInstances', 'StartInstances', 'StopInstances', 'TerminateInstances'],
          errorCode: [{ exists: false }],
        },
      },
      { source: ['aws.ec2'], 'detail-type': ['EC2 Instance State-change Notification'] },
      {
        source: ['aws.tag'],
        'detail-type': ['Tag Change on Resource'],
        detail: { service: ['ec2'], 'resource-type': ['instance'] },
      },
    ])
    const [policy] = stacks.properties(STACK, 'AWS::IAM::Policy')
    expect(policy?.['PolicyDocument'].Statement).toEqual([
      { Effect: 'Allow', Action: 'events:PutEvents', Resource: bus },
    ])
    const sender = roleOf(stacks)
    expect(sender?.['AssumeRolePolicyDocument'].Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ])
  })

  test.each([
    { name: 'EnchiladaRead', functions: ['EnchiladaPortal', 'EnchiladaObserver'] },
    { name: 'EnchiladaConnect', functions: ['EnchiladaPortal'] },
  ])('$name trusts exactly those who visit, and in somebody’s name', ({ name, functions }) => {
    for (const [made, visitors] of [
      [stacks, ['EnchiladaPortal']],
      [byFunctions, functions],
    ] as const) {
      const common = { Effect: 'Allow', Principal: { AWS: principal('root') } }
      const exact = { 'aws:PrincipalArn': visitors.map((visitor) => principal(`role/${visitor}`)) }
      const named = { ArnEquals: exact, StringLike: { 'sts:SourceIdentity': '*' } }
      const external = { StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } } }
      const assume = (Condition: unknown) => ({ ...common, Action: 'sts:AssumeRole', Condition })
      expect(roleOf(made, name)?.['AssumeRolePolicyDocument'].Statement).toEqual([
        { 'Fn::If': ['HasExternalId', assume({ ...named, ...external }), assume(named)] },
        { ...common, Action: 'sts:SetSourceIdentity', Condition: { ArnEquals: exact } },
      ])
    }
  })

  test('what may be done to instances is bound to the instances of the account', () => {
    const instances = joined('arn:', partition, ':ec2:*:', { Ref: 'AWS::AccountId' }, ':instance/*')
    expect(roleOf(stacks, 'EnchiladaConnect')?.['Policies'][0].PolicyDocument.Statement).toEqual([
      { Effect: 'Allow', Action: ['ec2:DescribeInstances', 'ec2:DescribeImages'], Resource: ['*'] },
      {
        Effect: 'Allow',
        Action: ['ec2:GetConsoleOutput', 'ec2-instance-connect:SendSSHPublicKey'],
        Resource: [instances],
      },
    ])
  })
})
