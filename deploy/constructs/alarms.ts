import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { QueueWithDeadLetters } from './queue-with-dead-letters.ts'

const NAMESPACE = 'Enchilada'
const FIVE_MINUTES = Duration.minutes(5)

/** Each says in its description what it means and what to do; deploy/README.md says it at length. */
export class Alarms extends Construct {
  private readonly topic: ITopic | undefined

  constructor(scope: Construct, id: string, topicArn: string | undefined) {
    super(scope, id)
    this.topic = topicArn === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', topicArn)
  }

  watchQueue(name: string, { queue, deadLetters }: QueueWithDeadLetters): void {
    this.raise(`${name}-dead-letters`, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: 'Maximum' }),
      above: 0,
      description: `Messages of ${name} could not be handled. Read one, mend the cause, redrive the queue.`,
    })
    this.raise(`${name}-late`, {
      metric: queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES, statistic: 'Maximum' }),
      above: 300,
      description: `The oldest message of ${name} waits for more than five minutes: nobody reads, or everybody fails.`,
    })
  }

  watchFunction(name: string, fn: IFunction): void {
    this.raise(`${name}-errors`, {
      metric: fn.metricErrors({ period: FIVE_MINUTES, statistic: 'Sum' }),
      above: 2,
      description: `The ${name} fails. Its log group says why; messages wait in their queue meanwhile.`,
    })
    this.raise(`${name}-throttled`, {
      metric: fn.metricThrottles({ period: FIVE_MINUTES, statistic: 'Sum' }),
      above: 0,
      description: `The account has no concurrency left for the ${name}. Messages wait in their queue meanwhile.`,
    })
  }

  /** The trail tells that the brake held removals back, whoever wrote it. */
  watchTrail(trail: ILogGroup): void {
    const metricName = 'RemovalsHeldBack'
    new MetricFilter(this, 'HeldBack', {
      logGroup: trail,
      filterPattern: FilterPattern.stringValue('$.kind', '=', 'discovery.held-back'),
      metricNamespace: NAMESPACE,
      metricName,
      metricValue: '1',
    })
    this.raise('held-back', {
      metric: new Metric({ namespace: NAMESPACE, metricName, period: FIVE_MINUTES, statistic: 'Sum' }),
      above: 0,
      description:
        'So many instances vanished at once that their removal waits: is an account gone, or our view of it?',
    })
  }

  private raise(
    name: string,
    { metric, above, description }: { metric: IMetric; above: number; description: string },
  ): void {
    const alarm = new Alarm(this, name, {
      alarmName: `enchilada-${name}`,
      metric,
      threshold: above,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: description,
    })
    if (!this.topic) return
    alarm.addAlarmAction(new SnsAction(this.topic))
    alarm.addOkAction(new SnsAction(this.topic))
  }
}
