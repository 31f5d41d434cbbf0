import { Stack, type StackProps } from 'aws-cdk-lib'
import { EventBus, type IRuleTarget } from 'aws-cdk-lib/aws-events'
import { EventBus as BusTarget } from 'aws-cdk-lib/aws-events-targets'
import { Role } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { AccountRoles } from '../constructs/account-roles.ts'
import { EventSender } from '../constructs/event-sender.ts'
import { InstanceEvents } from '../constructs/instance-events.ts'
import { roleNames } from '../names.ts'
import { principalsOf, sharedBusArn } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'

/** Once in every account, in the home region: the roles, and the events of that region. */
export class WorkloadStack extends Stack {
  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, { description: 'Enchilada: an account whose instances can be opened', ...props })
    const { account, partition } = this
    new AccountRoles(this, 'Roles', {
      account,
      partition,
      externalId: settings.externalId,
      ...principalsOf(settings, partition),
    })
    const sender = new EventSender(this, 'Events', { account, busArn: sharedBusArn(settings, partition) })
    new InstanceEvents(this, 'Rules', sender.target())
  }
}

/** Once in every other region of an account: the events of that region, sent with the role of the home region. */
export class WorkloadRegionStack extends Stack {
  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, { description: 'Enchilada: events of one more region', ...props })
    new InstanceEvents(this, 'Rules', this.target(sharedBusArn(settings, this.partition)))
  }

  private target(busArn: string): IRuleTarget {
    const arn = `arn:${this.partition}:iam::${this.account}:role/${roleNames.events}`
    // That role's policy names the bus already.
    const role = Role.fromRoleArn(this, 'Sender', arn, { mutable: false })
    return new BusTarget(EventBus.fromEventBusArn(this, 'SharedBus', busArn), { role })
  }
}
