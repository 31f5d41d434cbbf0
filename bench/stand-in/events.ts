import { randomUUID } from 'node:crypto'
import type { StandInInstance } from './cloud.ts'

type Event = Record<string, unknown>

/** What EventBridge sends when an instance is launched: the call, and two changes of state. All of them say "look at this one". */
export const launchEvents = (instance: StandInInstance): Event[] => [
  calledEvent(instance, 'RunInstances', { responseElements: named(instance), requestParameters: {} }),
  stateEvent(instance, 'pending'),
  stateEvent(instance, 'running'),
]

export const terminationEvents = (instance: StandInInstance): Event[] => [
  calledEvent(instance, 'TerminateInstances', { requestParameters: named(instance), responseElements: {} }),
  stateEvent(instance, 'shutting-down'),
  stateEvent(instance, 'terminated'),
]

const named = ({ id }: StandInInstance) => ({ instancesSet: { items: [{ instanceId: id }] } })

const calledEvent = (instance: StandInInstance, eventName: string, about: object): Event =>
  event(instance, 'AWS API Call via CloudTrail', [], { eventSource: 'ec2.amazonaws.com', eventName, ...about })

const stateEvent = (instance: StandInInstance, state: string): Event => {
  const { id, account, region } = instance
  const arn = `arn:aws:ec2:${region}:${account}:instance/${id}`
  return event(instance, 'EC2 Instance State-change Notification', [arn], { 'instance-id': id, state })
}

const event = ({ account, region }: StandInInstance, detailType: string, resources: string[], detail: object) => ({
  version: '0',
  id: randomUUID(),
  source: 'aws.ec2',
  'detail-type': detailType,
  account,
  region,
  time: new Date().toISOString(),
  resources,
  detail,
})
