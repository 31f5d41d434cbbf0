import { Aws, Duration } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFn } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type * as z from 'zod'
import type { observerEnvironment, writerEnvironment } from '../../src/lambda/environment.ts'
import { queueNames, roleNames } from '../names.ts'
import type { DeploySettings } from '../settings.ts'
import { bundledFunction } from './bundled-function.ts'
import { placeOf } from './database-place.ts'
import { allowChain, allowReleasing, allowSecrets, allowSending } from './function-rights.ts'
import { GuacamoleFollower } from './guacamole-follower.ts'
import { allowNetworkInterfaces } from './network-interfaces.ts'
import { batchesOf, QueueWithDeadLetters } from './queue-with-dead-letters.ts'
import { allowVisits } from './visits.ts'

export const OBSERVER_TIMEOUT = Duration.seconds(60)
const WRITER_TIMEOUT = Duration.seconds(60)
/**
 * Observers at the same time: for events, for the sweep, and the one that begins it. They divide EC2's rate among them, so that more of
 * them are not faster in one account, and ten wait out a few accounts that do not answer. The account's concurrency is not reserved:
 * where it is ten, as in a new account, that would not be accepted.
 */
const OBSERVERS = { events: 10, sweep: 4, schedule: 1 } as const
const ALL_OBSERVERS = OBSERVERS.events + OBSERVERS.sweep + OBSERVERS.schedule
/** The database's connections are few. */
const WRITERS = 5

type Database = NonNullable<DeploySettings['database']>

export type DiscoveryFunctionsProps = {
  settings: DeploySettings
  database: Database
  /** Folder with a bundle for each function. */
  bundles: string
  events: QueueWithDeadLetters
  trail: ILogGroup
}

/**
 * Discovery without a server: the observer assumes roles and never sees the database, the writer sees the database and assumes
 * nothing. A sweep has a queue of its own, so that a launch never waits behind it.
 */
export class DiscoveryFunctions extends Construct {
  readonly observer: LambdaFn
  readonly writer: LambdaFn
  readonly sweep: QueueWithDeadLetters
  readonly observations: QueueWithDeadLetters
  /** Where there is a Guacamole to be kept in step. */
  readonly guacamole: GuacamoleFollower | undefined

  constructor(scope: Construct, id: string, { settings, database, bundles, events, trail }: DiscoveryFunctionsProps) {
    super(scope, id)
    this.sweep = new QueueWithDeadLetters(this, 'Sweep', {
      name: queueNames.sweep,
      visibility: Duration.seconds(6 * OBSERVER_TIMEOUT.toSeconds()),
    })
    this.observations = new QueueWithDeadLetters(this, 'Observations', {
      name: queueNames.observations,
      visibility: Duration.seconds(6 * WRITER_TIMEOUT.toSeconds()),
    })

    const seen = {
      ENCHILADA_AWS: JSON.stringify({
        regions: settings.regions,
        ...(settings.managementAccount && {
          organizationRole: `arn:${Aws.PARTITION}:iam::${settings.managementAccount}:role/${roleNames.directory}`,
        }),
        ...settings.aws,
        homeRegion: settings.homeRegion,
        eventQueue: events.queue.queueUrl,
      }),
      ENCHILADA_TENANT: settings.tenant,
      OBSERVATIONS_QUEUE_URL: this.observations.queue.queueUrl,
      SWEEP_QUEUE_URL: this.sweep.queue.queueUrl,
      OBSERVERS: String(ALL_OBSERVERS),
    } satisfies Partial<z.input<typeof observerEnvironment>>
    const observerRole = this.role('ObserverRole', roleNames.observer)
    this.observer = bundledFunction(this, 'Observer', {
      bundles,
      bundle: 'observer',
      role: observerRole,
      timeout: OBSERVER_TIMEOUT,
      memorySize: 512,
      environment: seen,
    })
    allowVisits(observerRole, [roleNames.read, roleNames.directory])
    allowSending(this.observer, this.observations, this.sweep)
    allowReleasing(this.observer, events)
    this.observer.addEventSource(batchesOf(events, 10, OBSERVERS.events))
    this.observer.addEventSource(batchesOf(this.sweep, 5, OBSERVERS.sweep))

    const { guacamole, homeRegion } = settings
    this.guacamole =
      guacamole && new GuacamoleFollower(this, 'Guacamole', { guacamole, homeRegion, database, bundles, trail })
    const written = {
      DATABASE_SECRET_ARN: database.secretArn,
      DATABASE_TLS: database.tls,
      EVENTS_QUEUE_URL: events.queue.queueUrl,
      OBSERVATIONS_QUEUE_URL: this.observations.queue.queueUrl,
      TRAIL_GROUP: trail.logGroupName,
      ...(this.guacamole && { GUACAMOLE_QUEUE_URL: this.guacamole.scopes.queue.queueUrl }),
    } satisfies Partial<z.input<typeof writerEnvironment>>
    const writerRole = this.role('WriterRole', undefined)
    this.writer = bundledFunction(this, 'Writer', {
      bundles,
      bundle: 'writer',
      role: writerRole,
      timeout: WRITER_TIMEOUT,
      memorySize: 512,
      environment: { ...written, NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
      ...placeOf(this, homeRegion, database),
    })
    allowSecrets(this.writer, database.secretArn)
    allowSending(this.writer, events, ...(this.guacamole ? [this.guacamole.scopes] : []))
    allowReleasing(this.writer, this.observations)
    allowChain(this.writer, trail)
    allowNetworkInterfaces(writerRole)
    this.writer.addEventSource(batchesOf(this.observations, 10, WRITERS))

    new Rule(this, 'Schedule', {
      description: 'Enchilada: every account and region is listed whole',
      schedule: Schedule.rate(Duration.minutes(settings.sweepMinutes)),
      targets: [new LambdaFunction(this.observer, { event: RuleTargetInput.fromObject({ sweep: true }) })],
    })
  }

  private role(id: string, roleName: string | undefined): Role {
    return new Role(this, id, {
      ...(roleName === undefined ? {} : { roleName }),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    })
  }
}
