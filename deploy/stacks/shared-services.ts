import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { AccountRoles } from '../constructs/account-roles.ts'
import { Alarms } from '../constructs/alarms.ts'
import { admitOrganizations } from '../constructs/bus-policy.ts'
import { DiscoveryFunctions, OBSERVER_TIMEOUT } from '../constructs/discovery-functions.ts'
import { EventSender } from '../constructs/event-sender.ts'
import { InstanceEvents } from '../constructs/instance-events.ts'
import { PortalRole } from '../constructs/portal-role.ts'
import { QueueWithDeadLetters } from '../constructs/queue-with-dead-letters.ts'
import { queueNames, roleNames, TRAIL_GROUP } from '../names.ts'
import { principalsOf, sharedBusArn } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'

/** In the shared-services account and home region: where events of all accounts arrive, and who acts on them. */
export class SharedServicesStack extends Stack {
  constructor(scope: Construct, id: string, settings: DeploySettings, props: StackProps = {}) {
    super(scope, id, { description: 'Enchilada: events of all accounts, their queue, and who reads it', ...props })
    const { partition, account, region } = this
    const busArn = sharedBusArn(settings, partition)
    admitOrganizations(this, busArn, [settings.organization, ...settings.furtherOrganizations])

    const visibility = Duration.seconds(settings.discovery === 'lambda' ? 6 * OBSERVER_TIMEOUT.toSeconds() : 60)
    const events = new QueueWithDeadLetters(this, 'Events', { name: queueNames.events, visibility })
    new InstanceEvents(this, 'Rules', new SqsQueue(events.queue))

    const trail = new LogGroup(this, 'Trail', {
      logGroupName: TRAIL_GROUP,
      retention: RetentionDays.TWO_YEARS,
      removalPolicy: RemovalPolicy.RETAIN,
    })
    const portal = new PortalRole(this, 'Portal', { partition, events: events.queue, trail })

    // This account is one of those that are looked at, too; its own events of this region are on the bus already.
    const roles = new AccountRoles(this, 'Roles', { account, partition, ...principalsOf(settings, partition) })
    roles.node.addDependency(portal)
    new EventSender(this, 'Sender', { account, busArn })

    const alarms = new Alarms(this, 'Alarms', settings.alarmTopicArn)
    alarms.watchQueue('Events', events)
    if (settings.discovery === 'lambda' && settings.database) {
      const { database } = settings
      const functions = new DiscoveryFunctions(this, 'Discovery', { settings, database, partition, region, events })
      roles.node.addDependency(functions)
      alarms.watchQueue('Sweep', functions.sweep)
      alarms.watchQueue('Observations', functions.observations)
      alarms.watchFunction('Observer', functions.observer)
      alarms.watchFunction('Writer', functions.writer)
    }

    const tell = (name: string, value: string, description: string) =>
      new CfnOutput(this, name, { value, description }).overrideLogicalId(name)
    tell('EventQueueUrl', events.queue.queueUrl, 'aws.eventQueue in enchilada.yaml')
    tell('PortalRole', roleNames.portal, 'Instance profile, or task role, of enchilada serve')
    tell('TrailGroup', trail.logGroupName, 'audit.cloudWatchLogs.group in enchilada.yaml')
  }
}
