import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation } from './organisation.ts'
import { callJson, callQuery, type RawTarget } from './raw-call.ts'
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

test('a deleted change set is gone by the name that the CDK waits for', async () => {
  await prepare('waiting', { Resources: queue('waiting') })
  const set = { StackName: 'waiting', ChangeSetName: 'cdk-deploy-change-set' }
  await call('DeleteChangeSet', set)
  await expect(call('DescribeChangeSet', set)).rejects.toThrow('<Code>ChangeSetNotFound</Code>')
})

test('a protected stack is not deleted by mistake', async () => {
  await call('CreateStack', { StackName: 'kept', TemplateBody: JSON.stringify({ Resources: queue('kept') }) })
  await call('UpdateTerminationProtection', { StackName: 'kept', EnableTerminationProtection: 'true' })
  await expect(call('DeleteStack', { StackName: 'kept' })).rejects.toThrow('TerminationProtection is enabled')
  await call('UpdateTerminationProtection', { StackName: 'kept', EnableTerminationProtection: 'false' })
  await call('DeleteStack', { StackName: 'kept' })
})

test('a key of a template is of the kind that it asks for', async () => {
  const key = (more: object) => ({ Type: 'AWS::KMS::Key', Properties: { KeyPolicy: { Statement: [] }, ...more } })
  const Resources = { Signs: key({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }), Keeps: key({}) }
  const outputs = {
    Signs: { Value: { 'Fn::GetAtt': ['Signs', 'Arn'] } },
    Keeps: { Value: { 'Fn::GetAtt': ['Keeps', 'Arn'] } },
  }
  await call('CreateStack', { StackName: 'keys', TemplateBody: JSON.stringify({ Resources, Outputs: outputs }) })
  const found = [...(await call('DescribeStacks', { StackName: 'keys' })).matchAll(/arn:aws:kms:[^<]+/g)]
  const kinds = await Promise.all(
    found.map(async ([KeyId]) => {
      const { KeyMetadata } = JSON.parse(await callJson(target, 'kms', 'TrentService.DescribeKey', { KeyId }))
      return `${KeyMetadata.KeySpec} ${KeyMetadata.KeyUsage}`
    }),
  )
  expect(kinds.sort()).toEqual(['ECC_NIST_P256 SIGN_VERIFY', 'SYMMETRIC_DEFAULT ENCRYPT_DECRYPT'])
})
