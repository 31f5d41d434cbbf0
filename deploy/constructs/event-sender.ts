import { EventBus, type IEventBus, type IRuleTarget } from 'aws-cdk-lib/aws-events'
import { EventBus as BusTarget } from 'aws-cdk-lib/aws-events-targets'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { roleNames } from '../names.ts'

/** With this role the rules of an account hand events to the shared bus; one for all regions of the account. */
export class EventSender extends Construct {
  readonly role: Role
  readonly bus: IEventBus

  constructor(scope: Construct, id: string, props: { account: string; busArn: string }) {
    super(scope, id)
    this.bus = EventBus.fromEventBusArn(this, 'SharedBus', props.busArn)
    this.role = new Role(this, 'Role', {
      roleName: roleNames.events,
      description: 'Enchilada: events of instances go to the shared bus',
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': props.account } },
      }),
    })
  }

  target(): IRuleTarget {
    return new BusTarget(this.bus, { role: this.role })
  }
}
