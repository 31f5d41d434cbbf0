import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeRouteTablesCommand, EC2Client } from '@aws-sdk/client-ec2'
import type { AccountName, LabAccount, Organisation } from '../aws/organisation.ts'
import { typeCdk } from '../world/cdk.ts'
import type { Engine } from '../world/settings.ts'

/** What a customer's management VPC is for the tunnel, as its stack gave it. */
export type ManagementVpc = {
  region: string
  account: string
  vpcId: string
  cidr: string
  subnets: string[]
  securityGroup: string
  logGroup: string
  /** Of the peered VPC. */
  peeredCidr: string
  /** The environment as the stack prints it, for the engineers' machines. */
  environment: string
}

const REGION = 'eu-west-1'
export const CIDR = '10.200.0.0/24'
/** A private zone that is associated with it. */
export const ZONE = 'corp.example'
/** The function is proven by tests of its own; it would cost a bootstrap. */
const reaper = 'serve'
const stackOf = (environment: string) => `EnchiladaManagementVpc-${environment}`

export type ManagementVpcOptions = {
  /** Folder for the settings and the synthesised stacks. */
  dir: string
  /** Profiles for stock tools. */
  env: Record<string, string>
  endpoint: string
  organisation: Organisation
  engine: Engine
  /** Metadata of the SAML provider whose people come in by themselves; without, engineers are people of the management account. */
  samlMetadata?: string
}

/** What the stack's provider and role are called, for whoever vouches for engineers. */
export const samlRoleOf = (account: string) => ({
  roleArn: `arn:aws:iam::${account}:role/EnchiladaTunnelEngineer-lab`,
  providerArn: `arn:aws:iam::${account}:saml-provider/enchilada-lab`,
})

export type Peer = { account: string; vpcId: string; cidr: string; routeTableIds: string[] }

/** The default VPC of an account, as a peer of the deployment's settings. */
export async function peerOf(endpoint: string, { id, credentials, networks }: LabAccount): Promise<Peer> {
  const { vpcId = '', vpcCidr = '' } = networks[REGION] ?? {}
  const ec2 = new EC2Client({ endpoint, region: REGION, credentials })
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }]
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }))
  const routeTableIds = RouteTables.map(({ RouteTableId = '' }) => RouteTableId)
  return { account: id, vpcId, cidr: vpcCidr, routeTableIds }
}

/** An environment as `managementVpcs` of the deployment's settings has it. */
type EnvironmentSettings = { environment: string } & Record<string, unknown>

/** Synthesises the stacks of an environment; what it gives deploys one of them, and gives its outputs. */
async function synth(options: ManagementVpcOptions, environment: EnvironmentSettings) {
  const { organisation } = options
  const dir = join(options.dir, environment.environment)
  mkdirSync(dir, { recursive: true })
  const settings = join(dir, 'settings.json')
  const shared = { organization: organisation.id, sharedAccount: organisation.accounts.shared.id }
  const regions = { homeRegion: REGION, regions: [REGION] }
  writeFileSync(settings, JSON.stringify({ ...shared, ...regions, managementVpcs: [environment] }))
  const assembly = join(dir, 'cdk.out')
  await typeCdk(options, 'shared', 'synth', '--quiet', '--context', `settings=${settings}`, '--output', assembly)
  return async (account: AccountName, stack: string, ...more: string[]): Promise<Record<string, string>> => {
    const outputs = join(dir, `${stack}.json`)
    const args = [stack, '--app', assembly, '--require-approval', 'never', '--outputs-file', outputs]
    await typeCdk(options, account, 'deploy', ...args, ...more)
    const made: Record<string, Record<string, string>> = JSON.parse(readFileSync(outputs, 'utf8'))
    return made[stack] ?? {}
  }
}

/** Deploys another customer's management VPC `twin`: the same network, in an account of its own. Gives its environment as the stack prints it. */
export async function makeTwinVpc(options: ManagementVpcOptions): Promise<string> {
  const { accounts } = options.organisation
  const deploy = await synth(options, {
    ...{ environment: 'twin', account: accounts['workload-2'].id, region: REGION, cidr: CIDR, engine: options.engine },
    ...{ engineers: { account: accounts.management.id }, instanceTypes: ['t3.nano'], reaper },
  })
  const { Environment = '' } = await deploy('workload-2', stackOf('twin'))
  return Environment
}

/**
 * Deploys the management VPC `lab` into the shared account, peered with the default VPC of `workload-1`, with the commands that deploy/README.md gives to
 * type.
 */
export async function makeManagementVpc(options: ManagementVpcOptions): Promise<ManagementVpc> {
  const { dir, endpoint, organisation, engine, samlMetadata } = options
  const { accounts } = organisation
  mkdirSync(dir, { recursive: true })
  const metadata = join(dir, 'idp-metadata.xml')
  if (samlMetadata !== undefined) writeFileSync(metadata, samlMetadata)
  const far = await peerOf(endpoint, accounts['workload-1'])
  const environment = {
    ...{ environment: 'lab', account: accounts.shared.id, region: REGION, cidr: CIDR, engine },
    engineers: samlMetadata === undefined ? { account: accounts.management.id } : { samlMetadata: metadata },
    peers: [far],
    names: [ZONE],
    instanceTypes: ['t3.nano'],
    reaper,
  }
  const deploy = await synth(options, environment)
  const peer = `EnchiladaPeer-lab-${far.vpcId}`
  await deploy('workload-1', peer)
  const { PeeringConnection1 = '', Environment: text = '' } = await deploy('shared', stackOf('lab'))
  await deploy('workload-1', peer, '--parameters', `PeeringConnectionId=${PeeringConnection1}`)

  const told: { logGroup: string; networks: { vpc: string; subnets: string[]; securityGroup: string }[] } =
    JSON.parse(text)
  const [network] = told.networks
  if (!network) throw new Error(`${stackOf('lab')} printed no network: ${text}`)
  return {
    ...{ region: REGION, account: accounts.shared.id, vpcId: network.vpc, subnets: network.subnets },
    ...{
      cidr: CIDR,
      securityGroup: network.securityGroup,
      logGroup: told.logGroup,
      peeredCidr: far.cidr,
      environment: text,
    },
  }
}
