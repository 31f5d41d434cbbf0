import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from './organisation.ts'
import { type Credentials, callQuery } from './raw-call.ts'
import { type Aws, startAws } from './start.ts'

let aws: Aws
let organisation: Organisation

const iam = (credentials: Credentials, params: Record<string, string>) =>
  callQuery({ endpoint: aws.endpoint, credentials, region: 'us-east-1' }, 'iam', { Version: '2010-05-08', ...params })

const makeRole = (credentials: Credentials, name: string, statement: Record<string, unknown>) =>
  iam(credentials, {
    Action: 'CreateRole',
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] }),
  })

const stsOf = (credentials: Credentials) =>
  new STSClient({ endpoint: aws.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })

const assume = async (credentials: Credentials, input: AssumeRoleCommandInput): Promise<Credentials> => {
  const given = (await stsOf(credentials).send(new AssumeRoleCommand(input))).Credentials
  return {
    accessKeyId: given?.AccessKeyId ?? '',
    secretAccessKey: given?.SecretAccessKey ?? '',
    sessionToken: given?.SessionToken ?? '',
  }
}

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'admitted',
    (error: Error) => error.name,
  )

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  const { shared, ...others } = organisation.accounts
  await makeRole(shared.credentials, 'observer', {
    Principal: { AWS: `arn:aws:iam::${shared.id}:root` },
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
  })
  await iam(shared.credentials, {
    Action: 'PutRolePolicy',
    RoleName: 'observer',
    PolicyName: 'assume',
    PolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
          Resource: 'arn:aws:iam::*:role/Enchilada*',
        },
      ],
    }),
  })
  const trusted = { AWS: `arn:aws:iam::${shared.id}:role/observer` }
  await makeRole(others['workload-1'].credentials, 'EnchiladaRead', {
    Principal: trusted,
    Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
    Condition: { StringEquals: { 'sts:ExternalId': 'tenant-1' } },
  })
  await makeRole(others['workload-2'].credentials, 'EnchiladaRead', { Principal: trusted, Action: 'sts:AssumeRole' })
  await makeRole(others['workload-3'].credentials, 'Other', { Principal: trusted, Action: 'sts:AssumeRole' })
  await makeRole(others['workload-3'].credentials, 'EnchiladaOrg', {
    Principal: '*',
    Action: 'sts:AssumeRole',
    Condition: { StringEquals: { 'aws:PrincipalOrgID': organisation.id } },
  })
})
afterAll(() => aws.stop())

const roleArn = (account: keyof Organisation['accounts'], name: string) =>
  `arn:aws:iam::${organisation.accounts[account].id}:role/${name}`

test('a chain of roles acts in the other account and carries the source identity', async () => {
  const observer = await assume(organisation.accounts.shared.credentials, {
    RoleArn: roleArn('shared', 'observer'),
    RoleSessionName: 'enchilada-observer',
  })
  const reader = await assume(observer, {
    RoleArn: roleArn('workload-1', 'EnchiladaRead'),
    RoleSessionName: 'ada@example.org',
    SourceIdentity: 'ada@example.org',
    ExternalId: 'tenant-1',
  })
  const identity = await stsOf(reader).send(new GetCallerIdentityCommand({}))
  expect(identity.Arn).toBe(
    `arn:aws:sts::${organisation.accounts['workload-1'].id}:assumed-role/EnchiladaRead/ada@example.org`,
  )
  expect((await aws.lab.assumed()).at(-1)).toMatchObject({
    role: roleArn('workload-1', 'EnchiladaRead'),
    sessionName: 'ada@example.org',
    sourceIdentity: 'ada@example.org',
    externalId: 'tenant-1',
    caller: `arn:aws:sts::${organisation.accounts.shared.id}:assumed-role/observer/enchilada-observer`,
  })
})

test('whoever the trust policy, the own policy or the organisation does not admit is denied', async () => {
  const observer = await assume(organisation.accounts.shared.credentials, {
    RoleArn: roleArn('shared', 'observer'),
    RoleSessionName: 'enchilada-observer',
  })
  const ask = (credentials: Credentials, account: keyof Organisation['accounts'], name: string, more = {}) =>
    outcome(assume(credentials, { RoleArn: roleArn(account, name), RoleSessionName: 'test', ...more }))
  const admin = organisation.accounts.shared.credentials
  expect({
    'no such role': await ask(observer, 'workload-1', 'EnchiladaNobody'),
    'no external id': await ask(observer, 'workload-1', 'EnchiladaRead'),
    'not the trusted role': await ask(admin, 'workload-2', 'EnchiladaRead'),
    'source identity not trusted': await ask(observer, 'workload-2', 'EnchiladaRead', { SourceIdentity: 'ada' }),
    'own policy says no': await ask(observer, 'workload-3', 'Other'),
    'as trusted': await ask(observer, 'workload-2', 'EnchiladaRead'),
    'by organisation': await ask(admin, 'workload-3', 'EnchiladaOrg'),
  }).toEqual({
    'no such role': 'AccessDenied',
    'no external id': 'AccessDenied',
    'not the trusted role': 'AccessDenied',
    'source identity not trusted': 'AccessDenied',
    'own policy says no': 'AccessDenied',
    'as trusted': 'admitted',
    'by organisation': 'admitted',
  })
})
