import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import type { Construct } from 'constructs'
import { Alarms } from '../constructs/alarms.ts'
import { admitOrganizations } from '../constructs/bus-policy.ts'
import { DiscoveryFunctions, OBSERVER_TIMEOUT } from '../constructs/discovery-functions.ts'
import { InstanceEvents } from '../constructs/instance-events.ts'
import { PortalRole } from '../constructs/portal-role.ts'
import { QueueWithDeadLetters } from '../constructs/queue-with-dead-letters.ts'
import { queueNames, roleNames, tunnelNames } from '../names.ts'
import { sharedBusArn } from '../principals.ts'
import type { DeploySettings } from '../settings.ts'
import type { EvidenceStack } from './evidence.ts'

export type SharedServicesProps = StackProps & { settings: DeploySettings; evidence: EvidenceStack; bundles: string }

/** In the shared-services account and home region: where events of all accounts arrive, and who acts on them. */
export class SharedServicesStack extends Stack {
  constructor(scope: Construct, id: string, { settings, evidence, bundles, ...props }: SharedServicesProps) {
    super(scope, id, { description: 'Enchilada: events of all accounts, their queue, and who reads it', ...props })
    const organizations = [settings.organization, ...settings.furtherOrganizations]
    admitOrganizations(this, sharedBusArn(settings), organizations)

    const byFunctions = settings.discovery === 'lambda'
    const visibility = Duration.seconds(byFunctions ? 6 * OBSERVER_TIMEOUT.toSeconds() : 60)
    const events = new QueueWithDeadLetters(this, 'Events', { name: queueNames.events, visibility })
    new InstanceEvents(this, 'Rules', new SqsQueue(events.queue, { deadLetterQueue: events.deadLetters }))
    const reapers = settings.managementVpcs
      .filter((one) => one.reaper === 'serve')
      .map(({ environment }) => tunnelNames(environment).reaper)
    new PortalRole(this, 'Portal', { events: byFunctions ? undefined : events.queue, evidence, reapers })

    const alarms = new Alarms(this, 'Alarms', settings.alarmTopicArn)
    alarms.watchQueue('events', events)
    alarms.watchTrail(evidence.trail)
    if (byFunctions && settings.database) {
      const { database } = settings
      const functions = new DiscoveryFunctions(this, 'Discovery', {
        settings,
        database,
        bundles,
        events,
        trail: evidence.trail,
      })
      alarms.watchQueue('sweep', functions.sweep)
      alarms.watchQueue('observations', functions.observations)
      alarms.watchFunction('observer', functions.observer)
      alarms.watchFunction('writer', functions.writer)
      if (functions.guacamole) {
        alarms.watchQueue('guacamole', functions.guacamole.scopes)
        alarms.watchFunction('follower', functions.guacamole.follower)
      }
    }

    const tell = (name: string, value: string, description: string) => new CfnOutput(this, name, { value, description })
    tell('EventQueueUrl', events.queue.queueUrl, 'aws.eventQueue in enchilada.yaml')
    tell('PortalRole', roleNames.portal, 'Instance profile, or task role, of enchilada serve')
  }
}
