import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AccountName, type Organisation, REGIONS } from '../aws/organisation.ts'
import { CIDR, type Peer } from '../tunnel/management-vpc.ts'
import { typeCdk } from './cdk.ts'

export const HOME_REGION = REGIONS[0]

/** What the stacks gave back. */
export type Wiring = {
  queueUrl: string
  portalRole: string
  directoryRole: string
  homeRegion: string
  /** Log group, buckets and key of the evidence. */
  trailGroup: string
  checkpointsUrl: string
  recordingsUrl: string
  signingKey: string
  /** The environment of the tunnel as its stack prints it, where one was asked for. */
  environment?: string
}

/** What a deployment with functions is told beside the rest; names are those of the product's deployment settings. */
export type FunctionsSettings = {
  database: {
    secretArn: string
    tls: 'disable'
    vpcId: string
    availabilityZones: string[]
    subnetIds: string[]
    securityGroupId: string
  }
  sweepMinutes?: number
  guacamole?: { target: Record<string, unknown>; secrets: Record<string, string> }
  /** Only these; by default every account of the organisation. */
  accounts?: { id: string; name: string }[]
}

export type DeployOptions = {
  /** Folder for the settings and the synthesised stacks. */
  dir: string
  /** Profiles for stock tools. */
  env: Record<string, string>
  organisation: Organisation
  tenant: string
  functions?: FunctionsSettings
  /** With a management VPC beside the rest, in the shared account; its reaper runs where discovery does. */
  managementVpc?: { peers: readonly Peer[] }
}

const MANAGEMENT_VPC = 'EnchiladaManagementVpc-lab'

/** Deploys the product's stacks into each account, with the commands that deploy/README.md gives to type. */
export async function deployStacks(options: DeployOptions): Promise<Wiring> {
  const { dir, organisation } = options
  const { shared } = organisation.accounts
  mkdirSync(dir, { recursive: true })
  const settings = join(dir, 'settings.json')
  writeFileSync(settings, JSON.stringify(settingsOf(options)))
  const assembly = join(dir, 'cdk.out')
  const type = (account: AccountName, ...args: string[]) => typeCdk(options, account, ...args)
  const outputs = join(dir, 'outputs')
  const deploy = (account: AccountName, ...stacks: string[]) =>
    type(
      account,
      ...['deploy', ...stacks, '--app', assembly, '--require-approval', 'never', '--concurrency', '6'],
      ...['--outputs-file', `${outputs}-${account}.json`],
    )

  await type('shared', 'synth', '--quiet', '--context', `settings=${settings}`, '--output', assembly)
  if (options.functions) await type('shared', 'bootstrap', `aws://${shared.id}/${HOME_REGION}`, '--app', assembly)
  // No account waits for another: whoever is trusted may come later.
  await Promise.all([
    deploy('shared', 'EnchiladaEvidence', 'EnchiladaShared', ...(options.managementVpc ? [MANAGEMENT_VPC] : [])),
    deploy('management', 'EnchiladaDirectory', 'EnchiladaWorkload-*'),
  ])
  const made = (account: AccountName): Record<string, Record<string, string>> =>
    JSON.parse(readFileSync(`${outputs}-${account}.json`, 'utf8'))
  const output = (account: AccountName, stack: string, name: string): string => {
    const value = made(account)[stack]?.[name]
    if (value === undefined) throw new Error(`${stack} has no output ${name}`)
    return value
  }
  return {
    queueUrl: output('shared', 'EnchiladaShared', 'EventQueueUrl'),
    portalRole: output('shared', 'EnchiladaShared', 'PortalRole'),
    directoryRole: output('management', 'EnchiladaDirectory', 'DirectoryRoleArn'),
    homeRegion: HOME_REGION,
    trailGroup: output('shared', 'EnchiladaEvidence', 'TrailGroup'),
    checkpointsUrl: output('shared', 'EnchiladaEvidence', 'CheckpointsUrl'),
    recordingsUrl: output('shared', 'EnchiladaEvidence', 'RecordingsUrl'),
    signingKey: output('shared', 'EnchiladaEvidence', 'SigningKeyArn'),
    ...(options.managementVpc && { environment: output('shared', MANAGEMENT_VPC, 'Environment') }),
  }
}

/** What a customer of this organisation would write. */
function settingsOf({ organisation, tenant, functions, managementVpc }: DeployOptions): Record<string, unknown> {
  const { accounts, ...given } = functions ?? {}
  return {
    organization: organisation.id,
    sharedAccount: organisation.accounts.shared.id,
    managementAccount: organisation.accounts.management.id,
    homeRegion: HOME_REGION,
    regions: REGIONS,
    workloads: { accounts: Object.values(organisation.accounts).map((account) => account.id) },
    tenant,
    ...(managementVpc && {
      managementVpcs: [
        {
          ...{ environment: 'lab', account: organisation.accounts.shared.id, region: HOME_REGION },
          ...{ cidr: CIDR, peers: managementVpc.peers, instanceTypes: ['t3.nano'] },
          engineers: { account: organisation.accounts.management.id },
          reaper: functions ? 'lambda' : 'serve',
        },
      ],
    }),
    ...(functions && { discovery: 'lambda', ...given, ...(accounts && { aws: { accounts } }) }),
  }
}
