import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation } from './organisation.ts'
import { callQuery, type RawTarget } from './raw-call.ts'
import { type Aws, startAws } from './start.ts'

let aws: Aws
let target: RawTarget

beforeAll(async () => {
  aws = await startAws()
  const { accounts } = await makeOrganisation(aws.endpoint)
  target = { endpoint: aws.endpoint, credentials: accounts.shared.credentials, region: 'eu-west-1' }
})
afterAll(() => aws.stop())

const call = (Action: string, params: Record<string, string>) =>
  callQuery(target, 'cloudformation', { Action, Version: '2010-05-15', ...params })

const queue = (QueueName: unknown) => ({ Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName } } })

/** As the CDK does: every change set has the same name. */
const prepare = (StackName: string, template: unknown) =>
  call('CreateChangeSet', {
    StackName,
    ChangeSetName: 'cdk-deploy-change-set',
    ChangeSetType: 'CREATE',
    TemplateBody: JSON.stringify(template),
  })
const execute = (StackName: string) => call('ExecuteChangeSet', { StackName, ChangeSetName: 'cdk-deploy-change-set' })

test('change sets of one name belong to their stacks, and a stack imports what another exported', async () => {
  const exported = { Name: { Value: 'of-the-other', Export: { Name: 'other:name' } } }
  // It clears the way for its own first.
  await call('CreateStack', { StackName: 'zeroth', TemplateBody: JSON.stringify({ Resources: queue('of-nobody') }) })
  await call('DeleteChangeSet', { StackName: 'zeroth', ChangeSetName: 'cdk-deploy-change-set' })
  await prepare('first', { Resources: queue('of-the-first'), Outputs: exported })
  await prepare('second', { Resources: queue({ 'Fn::ImportValue': 'other:name' }) })
  await execute('first')
  await execute('second')
  expect(await call('ListStackResources', { StackName: 'first' })).toContain('of-the-first')
  expect(await call('ListStackResources', { StackName: 'second' })).toContain('of-the-other')
})

test('a protected stack is not deleted by mistake', async () => {
  await call('CreateStack', { StackName: 'kept', TemplateBody: JSON.stringify({ Resources: queue('kept') }) })
  await call('UpdateTerminationProtection', { StackName: 'kept', EnableTerminationProtection: 'true' })
  await expect(call('DeleteStack', { StackName: 'kept' })).rejects.toThrow('TerminationProtection is enabled')
  await call('UpdateTerminationProtection', { StackName: 'kept', EnableTerminationProtection: 'false' })
  await call('DeleteStack', { StackName: 'kept' })
})
