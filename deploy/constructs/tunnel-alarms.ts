import { Duration } from 'aws-cdk-lib'
import { Alarm, type AlarmProps, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { ManagementVpcSettings } from '../management-vpc-settings.ts'

/** Where servers and their log say how they are (src/tunnel/guest). */
const NAMESPACE = 'Enchilada/Tunnel'
const ROUNDS_MISSED = 3
/** The reaper's own grace, a round of it, and the time that a metric takes. */
const LATE_MINUTES = 20

export type TunnelAlarmsProps = { settings: ManagementVpcSettings; reaper: IFunction | undefined }

/** A server that nobody ends costs little and means much: some dead-man did not do its part. */
export class TunnelAlarms extends Construct {
  readonly #topic: ITopic | undefined
  readonly #environment: string

  constructor(scope: Construct, id: string, { settings, reaper }: TunnelAlarmsProps) {
    super(scope, id)
    const { environment, alarmTopicArn, longest, reapMinutes } = settings
    this.#environment = environment
    this.#topic = alarmTopicArn === undefined ? undefined : Topic.fromTopicArn(this, 'Topic', alarmTopicArn)
    this.#raise('outlived', {
      metric: new Metric({
        ...{ namespace: NAMESPACE, metricName: 'Age', dimensionsMap: { Environment: environment } },
        ...{ period: Duration.minutes(5), statistic: 'Maximum' },
      }),
      threshold: Number.parseInt(longest, 10) * 3600 + LATE_MINUTES * 60,
      alarmDescription: 'A tunnel server lives longer than any may: end it, and see why neither it nor the reaper did.',
    })
    if (!reaper) return
    this.#raise('reaper-errors', {
      metric: reaper.metricErrors({ period: Duration.minutes(15), statistic: 'Sum' }),
      threshold: 2,
      alarmDescription:
        'The reaper fails. Its log group says why; servers still end by themselves and by enchilada gc.',
    })
    this.#raise('reaper-silent', {
      metric: reaper.metricInvocations({ period: Duration.minutes(reapMinutes * ROUNDS_MISSED), statistic: 'Sum' }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
      alarmDescription: 'The reaper does not run: is its rule enabled, and its function allowed to run?',
    })
  }

  #raise(name: string, props: Omit<AlarmProps, 'evaluationPeriods' | 'alarmName'>): void {
    const alarm = new Alarm(this, name, {
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
      evaluationPeriods: 1,
      alarmName: `enchilada-tunnel-${this.#environment}-${name}`,
    })
    if (!this.#topic) return
    alarm.addAlarmAction(new SnsAction(this.#topic))
    alarm.addOkAction(new SnsAction(this.#topic))
  }
}
