import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DescribeRouteTablesCommand, EC2Client } from '@aws-sdk/client-ec2'
import type { AccountName, Organisation } from '../aws/organisation.ts'
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
const CIDR = '10.200.0.0/24'
const STACK = 'EnchiladaManagementVpc-lab'

export type ManagementVpcOptions = {
  /** Folder for the settings and the synthesised stacks. */
  dir: string
  /** Profiles for stock tools. */
  env: Record<string, string>
  endpoint: string
  organisation: Organisation
  engine: Engine
}

/**
 * Deploys the management VPC `lab` into the shared account, peered with the default VPC of `workload-1`, with the commands that deploy/README.md gives to
 * type. Engineers are people of the management account.
 */
export async function makeManagementVpc(options: ManagementVpcOptions): Promise<ManagementVpc> {
  const { dir, endpoint, organisation, engine } = options
  const { accounts } = organisation
  mkdirSync(dir, { recursive: true })
  const { vpcId = '', vpcCidr = '' } = accounts['workload-1'].networks[REGION] ?? {}
  const far = new EC2Client({ endpoint, region: REGION, credentials: accounts['workload-1'].credentials })
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }]
  const { RouteTables = [] } = await far.send(new DescribeRouteTablesCommand({ Filters }))
  const environment = {
    ...{ environment: 'lab', account: accounts.shared.id, region: REGION, cidr: CIDR, engine },
    engineers: { account: accounts.management.id },
    peers: [
      {
        ...{ account: accounts['workload-1'].id, vpcId, cidr: vpcCidr },
        routeTableIds: RouteTables.map(({ RouteTableId }) => RouteTableId),
      },
    ],
    instanceTypes: ['t3.nano'],
    // The function is proven by tests of its own; it would cost a bootstrap.
    reaper: 'serve',
  }
  const settings = join(dir, 'settings.json')
  const shared = { organization: organisation.id, sharedAccount: accounts.shared.id }
  writeFileSync(
    settings,
    JSON.stringify({ ...shared, homeRegion: REGION, regions: [REGION], managementVpcs: [environment] }),
  )
  const assembly = join(dir, 'cdk.out')
  const outputs = join(dir, 'outputs.json')
  const type = (account: AccountName, ...args: string[]) => typeCdk(options, account, ...args)
  const deploy = (account: AccountName, stack: string, ...more: string[]) =>
    type(account, 'deploy', stack, '--app', assembly, '--require-approval', 'never', ...more)

  await type('shared', 'synth', '--quiet', '--context', `settings=${settings}`, '--output', assembly)
  const peer = `EnchiladaPeer-lab-${vpcId}`
  await deploy('workload-1', peer)
  await deploy('shared', STACK, '--outputs-file', outputs)
  const made: Record<string, Record<string, string>> = JSON.parse(readFileSync(outputs, 'utf8'))
  const { PeeringConnection1 = '', Environment: text = '' } = made[STACK] ?? {}
  await deploy('workload-1', peer, '--parameters', `PeeringConnectionId=${PeeringConnection1}`)

  const told: { logGroup: string; networks: { vpc: string; subnets: string[]; securityGroup: string }[] } =
    JSON.parse(text)
  const [network] = told.networks
  if (!network) throw new Error(`${STACK} printed no network: ${text}`)
  return {
    ...{ region: REGION, account: accounts.shared.id, vpcId: network.vpc, subnets: network.subnets },
    ...{
      cidr: CIDR,
      securityGroup: network.securityGroup,
      logGroup: told.logGroup,
      peeredCidr: vpcCidr,
      environment: text,
    },
  }
}
