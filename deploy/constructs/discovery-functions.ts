import { Annotations, Aws, Duration } from 'aws-cdk-lib'
import { type ISecurityGroup, type IVpc, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { FunctionProps, Function as LambdaFn } from 'aws-cdk-lib/aws-lambda'
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type * as z from 'zod'
import type { observerEnvironment, writerEnvironment } from '../../src/lambda/environment.ts'
import { queueNames, roleNames } from '../names.ts'
import type { DeploySettings } from '../settings.ts'
import { bundledFunction } from './bundled-function.ts'
import { allowNetworkInterfaces } from './network-interfaces.ts'
import { QueueWithDeadLetters } from './queue-with-dead-letters.ts'
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
    this.allowSending(this.observer, this.observations, this.sweep)
    this.allowReleasing(this.observer, events)
    this.observer.addEventSource(new SqsEventSource(events.queue, batches(10, OBSERVERS.events)))
    this.observer.addEventSource(new SqsEventSource(this.sweep.queue, batches(5, OBSERVERS.sweep)))

    const written = {
      DATABASE_SECRET_ARN: database.secretArn,
      DATABASE_TLS: database.tls,
      EVENTS_QUEUE_URL: events.queue.queueUrl,
      OBSERVATIONS_QUEUE_URL: this.observations.queue.queueUrl,
      TRAIL_GROUP: trail.logGroupName,
    } satisfies Partial<z.input<typeof writerEnvironment>>
    const writerRole = this.role('WriterRole', undefined)
    this.writer = bundledFunction(this, 'Writer', {
      bundles,
      bundle: 'writer',
      role: writerRole,
      timeout: WRITER_TIMEOUT,
      memorySize: 512,
      environment: { ...written, NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
      ...this.place(database, settings.homeRegion),
    })
    this.writer.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [database.secretArn] }),
    )
    this.allowSending(this.writer, events)
    this.allowReleasing(this.writer, this.observations)
    // It reads the end of its own chain before it goes on with it.
    this.writer.addToRolePolicy(
      new PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:GetLogEvents'],
        resources: [trail.logGroupArn],
      }),
    )
    allowNetworkInterfaces(writerRole)
    this.writer.addEventSource(new SqsEventSource(this.observations.queue, batches(10, WRITERS)))

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

  private allowSending(fn: LambdaFn, ...queues: QueueWithDeadLetters[]): void {
    fn.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: queues.map(({ queue }) => queue.queueArn) }),
    )
  }

  private allowReleasing(fn: LambdaFn, { queue }: QueueWithDeadLetters): void {
    fn.addToRolePolicy(new PolicyStatement({ actions: ['sqs:ChangeMessageVisibility'], resources: [queue.queueArn] }))
  }

  /** Where the database is. By attributes: nothing is looked up while the template is made. */
  private place({ vpcId, availabilityZones, subnetIds, securityGroupId }: Database, region: string): PlaceProps {
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones, region })
    const subnets = subnetIds.map((subnet, at) => Subnet.fromSubnetId(this, `Subnet${at}`, subnet))
    // Nobody asks for their routes.
    for (const one of subnets) Annotations.of(one).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId')
    return {
      vpc,
      vpcSubnets: { subnets },
      securityGroups: [SecurityGroup.fromSecurityGroupId(this, 'DatabaseClients', securityGroupId)],
    }
  }
}

type PlaceProps = { vpc: IVpc; vpcSubnets: NonNullable<FunctionProps['vpcSubnets']>; securityGroups: ISecurityGroup[] }

const batches = (batchSize: number, maxConcurrency: number) => ({
  batchSize,
  maxConcurrency,
  reportBatchItemFailures: true,
  // What comes within a moment is one look and one transaction.
  maxBatchingWindow: Duration.seconds(0),
})
