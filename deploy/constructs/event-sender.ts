import { Aws } from 'aws-cdk-lib'
import { EventBus, type IRuleTarget } from 'aws-cdk-lib/aws-events'
import { EventBus as BusTarget } from 'aws-cdk-lib/aws-events-targets'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'

/**
 * With this role the rules of a region hand events to the shared bus, which admits an organisation only by a role. Its own in each
 * region, so that no region waits for another.
 */
export class EventSender extends Construct {
  readonly target: IRuleTarget

  constructor(scope: Construct, id: string, busArn: string) {
    super(scope, id)
    const role = new Role(this, 'Role', {
      description: 'Enchilada: events of instances go to the shared bus',
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    })
    this.target = new BusTarget(EventBus.fromEventBusArn(this, 'SharedBus', busArn), { role })
  }
}
