import { Annotations } from 'aws-cdk-lib'
import { type ISecurityGroup, type IVpc, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2'
import type { FunctionProps } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { DeploySettings } from '../settings.ts'

type Database = NonNullable<DeploySettings['database']>
type Place = { vpc: IVpc; vpcSubnets: NonNullable<FunctionProps['vpcSubnets']>; securityGroups: ISecurityGroup[] }

/** Where a function reaches the database, and what more groups let it reach. By attributes: nothing is looked up while the template is made. */
export function placeOf(
  scope: Construct,
  region: string,
  { vpcId, availabilityZones, subnetIds, securityGroupId }: Database,
  moreGroups: readonly string[] = [],
): Place {
  const vpc = Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId, availabilityZones, region })
  const subnets = subnetIds.map((subnet, at) => Subnet.fromSubnetId(scope, `Subnet${at}`, subnet))
  // Nobody asks for their routes.
  for (const one of subnets) Annotations.of(one).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId')
  const more = moreGroups.map((id, at) => SecurityGroup.fromSecurityGroupId(scope, `Group${at}`, id))
  return {
    vpc,
    vpcSubnets: { subnets },
    securityGroups: [SecurityGroup.fromSecurityGroupId(scope, 'DatabaseClients', securityGroupId), ...more],
  }
}
