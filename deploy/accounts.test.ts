import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AccountName, makeOrganisation, type Organisation, writeProfiles } from '../lab/aws/organisation.ts'
import { type Aws, startAws } from '../lab/aws/start.ts'
import { synthesise } from '../test/fixtures/stacks.ts'

let aws: Aws
let organisation: Organisation
let folder: string
let env: NodeJS.ProcessEnv
let template: string

const cli = (profile: AccountName, ...args: string[]): string =>
  execFileSync('.tools/venv/bin/aws', [...args, '--profile', profile], { env, encoding: 'utf8' })

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  folder = mkdtempSync(join(tmpdir(), 'enchilada-accounts-'))
  env = { PATH: process.env['PATH'], ...writeProfiles(folder, aws.endpoint, organisation) }
  const { folder: assembly } = synthesise({
    organization: organisation.id,
    sharedAccount: organisation.accounts.shared.id,
    homeRegion: 'eu-west-1',
    regions: ['eu-west-1', 'us-east-1'],
  })
  template = `file://${join(assembly, 'EnchiladaWorkload.template.json')}`
  const root = { AWS: `arn:aws:iam::${organisation.accounts.shared.id}:root` }
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: root, Action: 'sts:AssumeRole' }] }
  const may = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sts:*', Resource: '*' }] }
  for (const name of ['EnchiladaPortal', 'Somebody']) {
    cli('shared', 'iam', 'create-role', '--role-name', name, '--assume-role-policy-document', JSON.stringify(trust))
    const policy = ['--policy-name', 'may', '--policy-document', JSON.stringify(may)]
    cli('shared', 'iam', 'put-role-policy', '--role-name', name, ...policy)
  }
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})

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
    const set = ['--stack-set-name', 'EnchiladaWorkload']
    cli(
      'management',
      'cloudformation',
      'create-stack-set',
      ...set,
      '--template-body',
      template,
      '--capabilities',
      'CAPABILITY_NAMED_IAM',
    )
    const accounts = [organisation.accounts['workload-1'].id, organisation.accounts['workload-2'].id]
    const places = ['--accounts', ...accounts, '--regions', 'eu-west-1', 'us-east-1']
    cli('management', 'cloudformation', 'create-stack-instances', ...set, ...places)
    for (const region of ['eu-west-1', 'us-east-1']) {
      const rules: { Rules: unknown[] } = JSON.parse(cli('workload-2', 'events', 'list-rules', '--region', region))
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
    cli(
      'workload-3',
      ...['cloudformation', 'create-stack', '--stack-name', 'EnchiladaWorkload', '--template-body', template],
      ...['--capabilities', 'CAPABILITY_NAMED_IAM', '--parameters', `ParameterKey=ExternalId,ParameterValue=${id}`],
    )
    const to = { account: 'workload-3', role: 'EnchiladaRead', SourceIdentity: 'alice' } as const
    expect(await visit('EnchiladaPortal', to)).toBe('AccessDenied')
    expect(await visit('EnchiladaPortal', { ...to, ExternalId: 'another' })).toBe('AccessDenied')
    expect(await visit('EnchiladaPortal', { ...to, ExternalId: id })).toBe('no error')
  })
})
