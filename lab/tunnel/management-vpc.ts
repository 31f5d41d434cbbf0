import {
  AcceptVpcPeeringConnectionCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  CreateVpcPeeringConnectionCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import type { LabAccount, Organisation } from '../aws/organisation.ts'
import { callJson, callQuery } from '../aws/raw-call.ts'

/**
 * What a customer's management VPC is for the tunnel: public subnets in two zones, a peering with a workload VPC in another account and routes on both
 * sides, the server's role and the engineer's. The shared account's default VPC plays it; by single calls, as `wireAccounts`.
 */
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
}

const REGION = 'eu-west-1'
export const SERVER_ROLE = 'EnchiladaTunnelServer'
const ENGINEER_ROLE = 'EnchiladaTunnelEngineer'
const LOG_GROUP = '/enchilada/tunnel'

/** Everything that `up`, `down`, `list`, `extend` and `gc` ask of AWS. */
const ENGINEER_ACTIONS = [
  'ec2:RunInstances',
  'ec2:CreateTags',
  'ec2:TerminateInstances',
  'ec2:DescribeInstances',
  'ec2:DescribeRouteTables',
  'ec2:GetManagedPrefixListEntries',
  'ssm:GetParameters',
  'iam:PassRole',
]

export async function makeManagementVpc(endpoint: string, organisation: Organisation): Promise<ManagementVpc> {
  const { shared } = organisation.accounts
  const workload = organisation.accounts['workload-1']
  const ec2 = clientOf(endpoint, shared)
  const vpcId = shared.networks[REGION]?.vpcId ?? ''
  const { Subnets = [] } = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  )
  const subnets = Subnets.map(({ SubnetId }) => SubnetId ?? '')
    .sort()
    .slice(0, 2)
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'enchilada-tunnel', Description: 'tunnel servers', VpcId: vpcId }),
  )
  const GroupId = made.GroupId ?? ''
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [
        { IpProtocol: 'udp', FromPort: 51_820, ToPort: 51_820, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
        { IpProtocol: 'udp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
        { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      ],
    }),
  )
  const target = { endpoint, region: REGION, credentials: shared.credentials }
  await callJson(target, 'logs', 'Logs_20140328.CreateLogGroup', { logGroupName: LOG_GROUP })
  await makeRole(target, SERVER_ROLE, { Service: 'ec2.amazonaws.com' }, ['logs:CreateLogStream', 'logs:PutLogEvents'])
  await makeRole(target, ENGINEER_ROLE, { AWS: `arn:aws:iam::${shared.id}:root` }, ENGINEER_ACTIONS)
  const profile = { Version: '2010-05-08', InstanceProfileName: SERVER_ROLE }
  await callQuery(target, 'iam', { ...profile, Action: 'CreateInstanceProfile' })
  await callQuery(target, 'iam', { ...profile, Action: 'AddRoleToInstanceProfile', RoleName: SERVER_ROLE })
  const peeredCidr = await peer(endpoint, shared, workload)
  return {
    region: REGION,
    account: shared.id,
    vpcId,
    cidr: shared.networks[REGION]?.vpcCidr ?? '',
    subnets,
    securityGroup: GroupId,
    logGroup: LOG_GROUP,
    peeredCidr,
  }
}

/** A session of the engineer's role, as a sign-in would give it. */
export async function engineerCredentials(
  endpoint: string,
  { id, credentials }: LabAccount,
  person: string,
): Promise<Record<string, string>> {
  const sts = new STSClient({ endpoint, region: REGION, credentials })
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${id}:role/${ENGINEER_ROLE}`, RoleSessionName: person }),
  )
  return {
    AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
    AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
    AWS_REGION: REGION,
  }
}

const clientOf = (endpoint: string, { credentials }: LabAccount) =>
  new EC2Client({ endpoint, region: REGION, credentials })

/** Peers the default VPCs of two accounts; packets go between them only as far as both route tables say so. */
async function peer(endpoint: string, from: LabAccount, to: LabAccount): Promise<string> {
  const [here, there] = [from.networks[REGION], to.networks[REGION]]
  if (!here || !there) throw new Error(`no default VPC in ${REGION}`)
  const [near, far] = [clientOf(endpoint, from), clientOf(endpoint, to)]
  const asked = await near.send(
    new CreateVpcPeeringConnectionCommand({ VpcId: here.vpcId, PeerVpcId: there.vpcId, PeerOwnerId: to.id }),
  )
  const VpcPeeringConnectionId = asked.VpcPeeringConnection?.VpcPeeringConnectionId ?? ''
  await far.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }))
  const add = async (client: EC2Client, vpcId: string, DestinationCidrBlock: string) =>
    client.send(
      new CreateRouteCommand({
        RouteTableId: await mainTable(client, vpcId),
        DestinationCidrBlock,
        VpcPeeringConnectionId,
      }),
    )
  await add(near, here.vpcId, there.vpcCidr)
  await add(far, there.vpcId, here.vpcCidr)
  return there.vpcCidr
}

async function mainTable(client: EC2Client, vpcId: string): Promise<string> {
  const Filters = [
    { Name: 'vpc-id', Values: [vpcId] },
    { Name: 'association.main', Values: ['true'] },
  ]
  const { RouteTables } = await client.send(new DescribeRouteTablesCommand({ Filters }))
  return RouteTables?.[0]?.RouteTableId ?? ''
}

async function makeRole(
  target: Parameters<typeof callQuery>[0],
  RoleName: string,
  Principal: Record<string, string>,
  Action: string[],
): Promise<void> {
  const common = { Version: '2010-05-08', RoleName }
  const actions = ['sts:AssumeRole', 'sts:SetSourceIdentity']
  const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action: actions }] }
  await callQuery(target, 'iam', { ...common, Action: 'CreateRole', AssumeRolePolicyDocument: JSON.stringify(trust) })
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
  })
  await callQuery(target, 'iam', { ...common, Action: 'PutRolePolicy', PolicyName: 'enchilada', PolicyDocument })
}
