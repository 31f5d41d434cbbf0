import { Aws, CfnOutput } from 'aws-cdk-lib'
import {
  CfnRoute,
  CfnVPCPeeringConnection,
  type FlowLogDestination,
  Peer as From,
  IpAddresses,
  type IVpc,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import type { ManagementVpcSettings, Peer } from '../management-vpc-settings.ts'
import { tunnelNames } from '../names.ts'

/** WireGuard; OpenVPN by both protocols, because some networks let nothing else out. */
const LISTENING = [Port.udp(51_820), Port.udp(443), Port.tcp(443)]

/**
 * Where tunnel servers stand: public subnets and nothing else, so nothing here costs anything while no server runs. Peers get the way there; the way
 * back is theirs to give, here when they are of this account and region, else by a stack of their own.
 */
export class TunnelNetwork extends Construct {
  readonly vpc: Vpc
  readonly securityGroup: SecurityGroup

  constructor(scope: Construct, id: string, settings: ManagementVpcSettings, flows: FlowLogDestination) {
    super(scope, id)
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(settings.cidr),
      maxAzs: settings.zones,
      natGateways: 0,
      // Emptying the default group takes a function; nothing is ever in it.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
      flowLogs: { flows: { destination: flows } },
    })
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      // aws-cdk-lib is not compiled with exactOptionalPropertyTypes: its class and its interface differ by an `undefined`.
      vpc: this.vpc as IVpc,
      description: 'Enchilada: tunnel servers',
    })
    for (const port of LISTENING)
      this.securityGroup.addIngressRule(From.anyIpv4(), port, 'Engineers, wherever they are')
    acknowledge(
      this.securityGroup,
      'Engineers come from anywhere; both engines are silent to whoever holds no key of the one client',
      'EC23[CidrIp:0.0.0.0/0]',
      'EC23',
    )
    for (const [n, peer] of settings.peers.entries()) this.#lead(n + 1, peer, settings)
  }

  #lead(n: number, peer: Peer, { environment, account, region }: ManagementVpcSettings): void {
    const elsewhere = peer.account !== account
    const peerRegion = peer.region ?? region
    const peering = new CfnVPCPeeringConnection(this, `Peering${n}`, {
      vpcId: this.vpc.vpcId,
      peerVpcId: peer.vpcId,
      peerOwnerId: peer.account,
      peerRegion,
      ...(elsewhere && {
        peerRoleArn: `arn:${Aws.PARTITION}:iam::${peer.account}:role/${tunnelNames(environment).accepter}`,
      }),
    })
    const route = (name: string, routeTableId: string, destinationCidrBlock: string) =>
      new CfnRoute(this, name, { routeTableId, destinationCidrBlock, vpcPeeringConnectionId: peering.ref })
    for (const [at, subnet] of this.vpc.publicSubnets.entries()) {
      route(`Peering${n}Subnet${at + 1}`, subnet.routeTable.routeTableId, peer.cidr)
    }
    if (!elsewhere && peerRegion === region) {
      for (const [at, table] of peer.routeTableIds.entries())
        route(`Peering${n}Back${at + 1}`, table, this.vpc.vpcCidrBlock)
      return
    }
    const output = new CfnOutput(this, `PeeringConnection${n}`, {
      value: peering.ref,
      description: `PeeringConnectionId of ${tunnelNames(environment).peer(peer.vpcId)}`,
    })
    output.overrideLogicalId(`PeeringConnection${n}`)
  }
}
