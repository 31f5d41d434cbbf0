import { type EventPattern, type IRuleTarget, Rule } from 'aws-cdk-lib/aws-events'
import { Construct } from 'constructs'

/**
 * What says that an instance came, changed or went. CloudTrail tells of the call, with the instance's id, before EC2 tells of the
 * state; the state tells also of what no call caused (an Auto Scaling group, a failing host). Tags decide who may see it.
 * Sources: EC2 User Guide, "Monitor EC2 with EventBridge"; Tag Editor User Guide, "Tag change events".
 */
const patterns: Readonly<Record<string, { description: string; pattern: EventPattern }>> = {
  Calls: {
    description: 'Instances are launched, started, stopped or terminated',
    pattern: {
      source: ['aws.ec2'],
      detailType: ['AWS API Call via CloudTrail'],
      detail: {
        eventSource: ['ec2.amazonaws.com'],
        eventName: ['RunInstances', 'StartInstances', 'StopInstances', 'TerminateInstances'],
        // A call that failed or was a dry run changed nothing.
        errorCode: [{ exists: false }],
      },
    },
  },
  States: {
    description: 'Instances change their state',
    pattern: { source: ['aws.ec2'], detailType: ['EC2 Instance State-change Notification'] },
  },
  Tags: {
    description: 'Tags of instances change',
    pattern: {
      source: ['aws.tag'],
      detailType: ['Tag Change on Resource'],
      detail: { service: ['ec2'], 'resource-type': ['instance'] },
    },
  },
}

/** The same three rules wherever events pass: in each account and region, and on the shared bus. */
export class InstanceEvents extends Construct {
  readonly rules: readonly Rule[]

  constructor(scope: Construct, id: string, target: IRuleTarget) {
    super(scope, id)
    this.rules = Object.entries(patterns).map(
      ([name, { description, pattern }]) =>
        new Rule(this, name, { description: `Enchilada: ${description}`, eventPattern: pattern, targets: [target] }),
    )
  }
}
