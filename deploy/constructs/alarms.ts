import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { QueueWithDeadLetters } from './queue-with-dead-letters.ts'

const FIVE_MINUTES = Duration.minutes(5)

/** Each says in its description what it means and what to do; deploy/README.md says it at length. */
export class Alarms extends Construct {
  private readonly topic: ITopic | undefined

  constructor(scope: Construct, id: string, topicArn: string | undefined) {
    super(scope, id)
    this.topic = topicArn === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', topicArn)
  }

  watchQueue(name: string, { queue, deadLetters }: QueueWithDeadLetters): void {
    this.raise(`${name}DeadLetters`, {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: 'Maximum' }),
      above: 0,
      description: `Messages of ${name} could not be handled. Read one, mend the cause, redrive the queue.`,
    })
    this.raise(`${name}Late`, {
      metric: queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES, statistic: 'Maximum' }),
      above: 300,
      description: `The oldest message of ${name} waits for more than five minutes: nobody reads, or everybody fails.`,
    })
  }

  watchFunction(name: string, fn: IFunction): void {
    this.raise(`${name}Errors`, {
      metric: fn.metricErrors({ period: FIVE_MINUTES, statistic: 'Sum' }),
      above: 2,
      description: `The ${name} fails. Its log group says why; messages wait in their queue meanwhile.`,
    })
  }

  private raise(
    id: string,
    { metric, above, description }: { metric: IMetric; above: number; description: string },
  ): void {
    const alarm = new Alarm(this, id, {
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
