import { Duration } from 'aws-cdk-lib'
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Function as LambdaFn } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import type * as z from 'zod'
import type { followerEnvironment } from '../../src/lambda/follower-environment.ts'
import { queueNames } from '../names.ts'
import { type DeploySettings, followedBy } from '../settings.ts'
import { bundledFunction } from './bundled-function.ts'
import { placeOf } from './database-place.ts'
import { allowChain, allowReleasing, allowSecrets } from './function-rights.ts'
import { allowNetworkInterfaces } from './network-interfaces.ts'
import { batchesOf, QueueWithDeadLetters } from './queue-with-dead-letters.ts'

/** By REST a first tree of thousands of connections takes minutes; what is not done by then goes on with the next try. */
const TIMEOUT = Duration.minutes(5)
/** The least that SQS allows. A Guacamole has one writer at a time; the other one waits. */
const AT_ONCE = 2

export type GuacamoleFollowerProps = {
  homeRegion: string
  guacamole: NonNullable<DeploySettings['guacamole']>
  database: NonNullable<DeploySettings['database']>
  /** Folder with a bundle for each function. */
  bundles: string
  trail: ILogGroup
}

/**
 * Keeps an Apache Guacamole in step with what the writer wrote, and brings its history into the trail. Apart from the writer: a
 * Guacamole that is away or slow costs discovery nothing, and its password is known here alone.
 */
export class GuacamoleFollower extends Construct {
  readonly scopes: QueueWithDeadLetters
  readonly follower: LambdaFn

  constructor(scope: Construct, id: string, props: GuacamoleFollowerProps) {
    super(scope, id)
    const { homeRegion, guacamole, database, bundles, trail } = props
    this.scopes = new QueueWithDeadLetters(this, 'Scopes', {
      name: queueNames.guacamole,
      visibility: Duration.seconds(6 * TIMEOUT.toSeconds()),
    })
    const told = {
      ...followedBy(guacamole),
      DATABASE_SECRET_ARN: database.secretArn,
      DATABASE_TLS: database.tls,
      GUACAMOLE_QUEUE_URL: this.scopes.queue.queueUrl,
      TRAIL_GROUP: trail.logGroupName,
    } satisfies Partial<z.input<typeof followerEnvironment>>
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    const { subnetIds = database.subnetIds, securityGroupId } = guacamole
    this.follower = bundledFunction(this, 'Follower', {
      bundles,
      bundle: 'follower',
      role,
      timeout: TIMEOUT,
      memorySize: 512,
      environment: { ...told, NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem' },
      // Of the schedule: it asks again in a minute.
      retryAttempts: 0,
      ...placeOf(this, homeRegion, { ...database, subnetIds }, securityGroupId === undefined ? [] : [securityGroupId]),
    })
    allowSecrets(this.follower, database.secretArn, ...new Set(Object.values(guacamole.secrets)))
    allowReleasing(this.follower, this.scopes)
    allowChain(this.follower, trail)
    allowNetworkInterfaces(role)
    this.follower.addEventSource(batchesOf(this.scopes, 10, AT_ONCE))
    new Rule(this, 'History', {
      description: 'Enchilada: sessions and logins of Guacamole go into the trail',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [
        new LambdaFunction(this.follower, {
          event: RuleTargetInput.fromObject({ history: true }),
          retryAttempts: 0,
        }),
      ],
    })
  }
}
