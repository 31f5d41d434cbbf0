import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AccountName, type Organisation, REGIONS } from '../aws/organisation.ts'
import { run } from './commands.ts'
import { repository } from './folders.ts'

export const HOME_REGION = REGIONS[0]

/** What the stacks gave back. */
export type Wiring = { queueUrl: string; portalRole: string; homeRegion: string }

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
}

const cdk = join(repository, 'node_modules/.bin/cdk')
const workloads: AccountName[] = ['workload-1', 'workload-2', 'workload-3']

/** Deploys the product's stacks into each account, with the commands that deploy/README.md gives to type. */
export async function deployStacks(options: DeployOptions): Promise<Wiring> {
  const { dir, organisation } = options
  const { shared, management } = organisation.accounts
  mkdirSync(dir, { recursive: true })
  const settings = join(dir, 'enchilada.deploy.json')
  const { accounts, ...functions } = options.functions ?? {}
  const directory = `arn:aws:iam::${management.id}:role/EnchiladaDirectory`
  writeFileSync(
    settings,
    JSON.stringify({
      organization: organisation.id,
      sharedAccount: shared.id,
      homeRegion: HOME_REGION,
      regions: REGIONS,
      tenant: options.tenant,
      ...(options.functions && {
        discovery: 'lambda',
        aws: { regions: REGIONS, ...(accounts ? { accounts } : { organizationRole: directory }) },
        ...functions,
      }),
    }),
  )
  const assembly = join(dir, 'cdk.out')
  const type = (account: AccountName, ...args: string[]) =>
    run(cdk, [...args, '--profile', account, '--no-notices', '--no-color'], {
      cwd: join(repository, 'deploy'),
      env: { ...options.env, HOME: dir, PATH: process.env['PATH'], CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' },
      timeoutMs: 180_000,
    })
  const outputs = join(dir, 'outputs.json')
  // One stack after the other: the emulator takes change sets by name, and cdk gives all of them one.
  const deploy = (account: AccountName, stacks: readonly string[], ...more: string[]) =>
    type(account, 'deploy', ...stacks, '--app', assembly, '--require-approval', 'never', ...more)

  await type('shared', 'synth', '--quiet', '--context', `settings=${settings}`, '--output', assembly)
  if (options.functions) await type('shared', 'bootstrap', `aws://${shared.id}/${HOME_REGION}`, '--app', assembly)
  // The principals that the other accounts trust have to be there first.
  await deploy('shared', ['EnchiladaShared', 'EnchiladaWorkload-*'], '--outputs-file', outputs)
  await Promise.all([
    deploy('management', ['EnchiladaDirectory', 'EnchiladaWorkload*']),
    ...workloads.map((account) => deploy(account, ['EnchiladaWorkload*'])),
  ])
  const { EnchiladaShared: made }: { EnchiladaShared: Record<string, string> } = JSON.parse(
    readFileSync(outputs, 'utf8'),
  )
  return {
    queueUrl: made['EventQueueUrl'] ?? '',
    portalRole: made['PortalRole'] ?? '',
    homeRegion: HOME_REGION,
  }
}
