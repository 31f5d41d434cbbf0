import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeSubnetsCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2'
import {
  CreateAccountCommand,
  CreateOrganizationCommand,
  ListAccountsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Credentials } from './raw-call.ts'

export const REGIONS = ['eu-west-1', 'us-east-1'] as const
/** The role that Organizations makes in each account it creates, trusting the management account. */
export const ACCESS_ROLE = 'OrganizationAccountAccessRole'
const MEMBERS = ['shared', 'workload-1', 'workload-2', 'workload-3'] as const
const SESSION_SECONDS = 43_200

export type AccountName = 'management' | (typeof MEMBERS)[number]

export type Network = { vpcId: string; vpcCidr: string; subnetId: string; subnetCidr: string }

export type LabAccount = {
  name: AccountName
  id: string
  /** Of an administrator of the account; a session of 12 hours but in the management account. */
  credentials: Credentials
  /** The default VPC and its first default subnet, by region. Addresses differ between accounts and regions. */
  networks: Record<string, Network>
}

export type Organisation = {
  id: string
  accounts: Record<AccountName, LabAccount>
}

/** An access key that nobody made belongs to the root user of the emulator's first account. */
const root: Credentials = { accessKeyId: 'AKIALABMANAGEMENT000', secretAccessKey: 'lab' }

/** Makes the lab's organisation through the AWS API alone: management, shared services, three workload accounts. */
export async function makeOrganisation(endpoint: string): Promise<Organisation> {
  const common = { endpoint, region: 'us-east-1', credentials: root }
  const organizations = new OrganizationsClient(common)
  const sts = new STSClient(common)
  const made = await organizations.send(new CreateOrganizationCommand({ FeatureSet: 'ALL' }))
  const management = await sts.send(new GetCallerIdentityCommand({}))
  for (const name of MEMBERS) {
    await organizations.send(new CreateAccountCommand({ AccountName: name, Email: `${name}@example.org` }))
  }
  const listed = await organizations.send(new ListAccountsCommand({}))
  const member = async (name: (typeof MEMBERS)[number]): Promise<LabAccount> => {
    const id = required(listed.Accounts?.find((account) => account.Name === name)?.Id, `account ${name}`)
    const credentials = await assume(sts, `arn:aws:iam::${id}:role/${ACCESS_ROLE}`, 'lab')
    return { name, id, credentials, networks: await readNetworks(endpoint, credentials) }
  }
  return {
    id: required(made.Organization?.Id, 'organisation'),
    accounts: {
      management: {
        name: 'management',
        id: required(management.Account, 'management account'),
        credentials: root,
        networks: await readNetworks(endpoint, root),
      },
      // One after the other: the order gives each its addresses.
      shared: await member('shared'),
      'workload-1': await member('workload-1'),
      'workload-2': await member('workload-2'),
      'workload-3': await member('workload-3'),
    },
  }
}

async function assume(sts: STSClient, roleArn: string, sessionName: string): Promise<Credentials> {
  const given = await sts.send(
    new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: sessionName, DurationSeconds: SESSION_SECONDS }),
  )
  return {
    accessKeyId: required(given.Credentials?.AccessKeyId, 'access key'),
    secretAccessKey: required(given.Credentials?.SecretAccessKey, 'secret key'),
    sessionToken: required(given.Credentials?.SessionToken, 'session token'),
  }
}

async function readNetworks(endpoint: string, credentials: Credentials): Promise<Record<string, Network>> {
  const networks: Record<string, Network> = {}
  for (const region of REGIONS) {
    const ec2 = new EC2Client({ endpoint, region, credentials })
    const vpcs = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }))
    const subnets = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'availability-zone', Values: [`${region}a`] }] }),
    )
    networks[region] = {
      vpcId: required(vpcs.Vpcs?.[0]?.VpcId, 'VPC'),
      vpcCidr: required(vpcs.Vpcs?.[0]?.CidrBlock, 'VPC'),
      subnetId: required(subnets.Subnets?.[0]?.SubnetId, 'subnet'),
      subnetCidr: required(subnets.Subnets?.[0]?.CidrBlock, 'subnet'),
    }
  }
  return networks
}

/**
 * Writes `config` and `credentials` for stock AWS tools into `dir`: profiles `management`, `shared`, `workload-1` ... `workload-3`.
 * Gives the variables that point a shell at them.
 */
export function writeProfiles(dir: string, endpoint: string, organisation: Organisation): Record<string, string> {
  mkdirSync(dir, { recursive: true })
  const common = [`region = ${REGIONS[0]}`, `endpoint_url = ${endpoint}`, 'output = json']
  const section = (name: AccountName, lines: string[]) => [`[profile ${name}]`, ...lines, ...common, ''].join('\n')
  const members = MEMBERS.map((name) =>
    section(name, [
      `role_arn = arn:aws:iam::${organisation.accounts[name].id}:role/${ACCESS_ROLE}`,
      'source_profile = management',
      'role_session_name = operator',
    ]),
  )
  const config = join(dir, 'config')
  const credentials = join(dir, 'credentials')
  writeFileSync(config, [section('management', []), ...members].join('\n'))
  const keys = [`aws_access_key_id = ${root.accessKeyId}`, `aws_secret_access_key = ${root.secretAccessKey}`]
  writeFileSync(credentials, ['[management]', ...keys, ''].join('\n'), { mode: 0o600 })
  return { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials, AWS_ENDPOINT_URL: endpoint }
}

function required(value: string | undefined, what: string): string {
  if (value === undefined) throw new Error(`the emulator gave no ${what}`)
  return value
}
