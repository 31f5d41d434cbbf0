import { Aws, CfnCondition, CfnParameter, Fn, Stack, type StackProps } from 'aws-cdk-lib'
import { CfnRoute } from 'aws-cdk-lib/aws-ec2'
import { AccountPrincipal, PolicyDocument, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { acknowledge } from '../acknowledge.ts'
import type { ManagementVpcSettings, Peer } from '../management-vpc-settings.ts'
import { tunnelNames } from '../names.ts'

export type PeerStackProps = StackProps & { settings: ManagementVpcSettings; peer: Peer; accepts: boolean }

/**
 * In the account of a peered VPC, deployed twice: before the management VPC it makes the role that accepts the peering, and after it, told the
 * peering's id, the routes back. CloudFormation accepts a peering by a role of the other side; routes only the other side can make.
 */
export class PeerStack extends Stack {
  constructor(scope: Construct, id: string, { settings, peer, accepts, ...props }: PeerStackProps) {
    super(scope, id, {
      description: `Enchilada: the way back into the management VPC of ${settings.environment}`,
      ...props,
    })
    if (accepts) this.#accepter(settings, peer)
    const peering = new CfnParameter(this, 'PeeringConnectionId', {
      default: '',
      allowedPattern: '(pcx-[0-9a-f]+)?',
      description: `Output of ${tunnelNames(settings.environment).stack}; empty before it is there`,
    })
    const known = new CfnCondition(this, 'Peered', {
      expression: Fn.conditionNot(Fn.conditionEquals(peering, '')),
    })
    for (const [n, routeTableId] of peer.routeTableIds.entries()) {
      const route = new CfnRoute(this, `Back${n + 1}`, {
        routeTableId,
        destinationCidrBlock: settings.cidr,
        vpcPeeringConnectionId: peering.valueAsString,
      })
      route.cfnOptions.condition = known
    }
  }

  #accepter({ environment, account, region }: ManagementVpcSettings, peer: Peer): void {
    const own = `arn:${Aws.PARTITION}:ec2:${peer.region ?? region}:${Aws.ACCOUNT_ID}`
    const role = new Role(this, 'Accepter', {
      roleName: tunnelNames(environment).accepter,
      description: `Enchilada: accepts the peering with the management VPC of ${environment}`,
      assumedBy: new AccountPrincipal(account),
      inlinePolicies: {
        enchilada: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['ec2:AcceptVpcPeeringConnection'],
              resources: [`${own}:vpc/${peer.vpcId}`, `${own}:vpc-peering-connection/*`],
            }),
          ],
        }),
      },
    })
    acknowledge(
      role,
      'The connection has no id before it is made; only one with this VPC can be accepted',
      `IAM5[Resource::arn:<AWS::Partition>:ec2:${peer.region ?? region}:<AWS::AccountId>:vpc-peering-connection/*]`,
    )
  }
}
