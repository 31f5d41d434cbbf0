import { CompositePrincipal, InstanceProfile, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { roleNames } from '../names.ts'
import { allowVisits } from './visits.ts'

/** What `enchilada serve` runs with, on an instance or as a task: it visits accounts, reads the queue, writes the trail. */
export class PortalRole extends Construct {
  readonly role: Role

  constructor(
    scope: Construct,
    id: string,
    { partition, events, trail }: { partition: string; events: IQueue; trail: ILogGroup },
  ) {
    super(scope, id)
    this.role = new Role(this, 'Role', {
      roleName: roleNames.portal,
      description: 'Enchilada: the portal and its gateway',
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('ec2.amazonaws.com'),
        new ServicePrincipal('ecs-tasks.amazonaws.com'),
      ),
    })
    new InstanceProfile(this, 'Profile', { instanceProfileName: roleNames.portal, role: this.role })
    allowVisits(this.role, partition, [roleNames.read, roleNames.connect, roleNames.directory])
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:SendMessage'],
        resources: [events.queueArn],
      }),
    )
    this.role.addToPolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams', 'logs:GetLogEvents'],
        resources: [trail.logGroupArn],
      }),
    )
  }
}
