import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AccountName, makeOrganisation, type Organisation } from '../../lab/aws/organisation.ts'
import { callJson, callQuery, type RawTarget } from '../../lab/aws/raw-call.ts'
import { type Aws, startAws } from '../../lab/aws/start.ts'
import { synthesise } from '../fixtures/stacks.ts'

let aws: Aws
let organisation: Organisation
let template: string

const REGIONS = ['eu-west-1', 'us-east-1']
const at = (name: AccountName, region = 'eu-west-1'): RawTarget => ({
  endpoint: aws.endpoint,
  region,
  credentials: organisation.accounts[name].credentials,
})
const cloudFormation = (name: AccountName, Action: string, params: Record<string, string>) =>
  callQuery(at(name), 'cloudformation', { Action, Version: '2010-05-15', ...params })

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  const { folder } = synthesise({
    organization: organisation.id,
    sharedAccount: organisation.accounts.shared.id,
    homeRegion: 'eu-west-1',
    regions: REGIONS,
  })
  template = readFileSync(join(folder, 'EnchiladaWorkload.template.json'), 'utf8')
  const root = { AWS: `arn:aws:iam::${organisation.accounts.shared.id}:root` }
  const document = (statement: Record<string, unknown>) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] })
  const iam = (Action: string, params: Record<string, string>) =>
    callQuery(at('shared'), 'iam', { Action, Version: '2010-05-08', ...params })
  for (const RoleName of ['EnchiladaPortal', 'Somebody']) {
    const AssumeRolePolicyDocument = document({ Principal: root, Action: 'sts:AssumeRole' })
    await iam('CreateRole', { RoleName, AssumeRolePolicyDocument })
    const PolicyDocument = document({ Action: 'sts:*', Resource: '*' })
    await iam('PutRolePolicy', { RoleName, PolicyName: 'may', PolicyDocument })
  }
})
afterAll(() => aws.stop())

/** As one role of the shared account, into another account's; `no error` or the name of the refusal. */
async function visit(from: string, to: { account: AccountName; role: string } & Partial<AssumeRoleCommandInput>) {
  const { account, role, ...more } = to
  const target = { endpoint: aws.endpoint, region: 'eu-west-1', maxAttempts: 1 }
  const assume = async (as: STSClient, owner: AccountName, name: string, given: Partial<AssumeRoleCommandInput>) => {
    const RoleArn = `arn:aws:iam::${organisation.accounts[owner].id}:role/${name}`
    const { Credentials: keys } = await as.send(new AssumeRoleCommand({ RoleSessionName: 'alice', ...given, RoleArn }))
    return { accessKeyId: keys?.AccessKeyId ?? '', secretAccessKey: keys?.SecretAccessKey ?? '' }
  }
  const shared = new STSClient({ ...target, credentials: organisation.accounts.shared.credentials })
  const visitor = new STSClient({ ...target, credentials: await assume(shared, 'shared', from, {}) })
  try {
    const credentials = await assume(visitor, account, role, more)
    await new EC2Client({ ...target, credentials }).send(new DescribeInstancesCommand({}))
    return 'no error'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

describe('the workload template', () => {
  test('goes into many accounts and regions as one stack set, and only the portal comes in, in somebody’s name', async () => {
    const StackSetName = 'EnchiladaWorkload'
    const accounts = [organisation.accounts['workload-1'].id, organisation.accounts['workload-2'].id]
    await cloudFormation('management', 'CreateStackSet', { StackSetName, TemplateBody: template })
    await cloudFormation('management', 'CreateStackInstances', {
      StackSetName,
      ...members('Accounts', accounts),
      ...members('Regions', REGIONS),
    })
    for (const region of REGIONS) {
      const rules = JSON.parse(await callJson(at('workload-2', region), 'events', 'AWSEvents.ListRules', {}))
      expect(rules.Rules).toHaveLength(3)
    }
    const alice = { SourceIdentity: 'alice' }
    for (const account of ['workload-1', 'workload-2'] as const) {
      for (const role of ['EnchiladaRead', 'EnchiladaConnect']) {
        expect(await visit('EnchiladaPortal', { account, role, ...alice })).toBe('no error')
        expect(await visit('EnchiladaPortal', { account, role })).toBe('AccessDenied')
        expect(await visit('Somebody', { account, role, ...alice })).toBe('AccessDenied')
      }
    }
  })

  test('asks for the external id of a customer who gave one', async () => {
    const id = 'a-secret-between-two-companies'
    await cloudFormation('workload-3', 'CreateStack', {
      StackName: 'EnchiladaWorkload',
      TemplateBody: template,
      'Parameters.member.1.ParameterKey': 'ExternalId',
      'Parameters.member.1.ParameterValue': id,
    })
    const to = { account: 'workload-3', role: 'EnchiladaRead', SourceIdentity: 'alice' } as const
    expect(await visit('EnchiladaPortal', to)).toBe('AccessDenied')
    expect(await visit('EnchiladaPortal', { ...to, ExternalId: 'another' })).toBe('AccessDenied')
    expect(await visit('EnchiladaPortal', { ...to, ExternalId: id })).toBe('no error')
  })
})

const members = (name: string, values: readonly string[]) =>
  Object.fromEntries(values.map((value, n) => [`${name}.member.${n + 1}`, value]))
