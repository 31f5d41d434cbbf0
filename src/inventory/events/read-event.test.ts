import { describe, expect, test } from 'vitest'
import { readEvent } from './read-event.ts'

const account = '111122223333'
const id = 'i-0123456789abcdef0'

const event = (source: string, detailType: string, detail: unknown, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    version: '0',
    id: 'a5c8e1f2-5b3d-4f57-9a54-3c3a0f0b7b11',
    'detail-type': detailType,
    source,
    account,
    time: '2026-11-24T12:00:00Z',
    region: 'eu-west-1',
    resources: [],
    detail,
    ...more,
  })

/** As CloudTrail writes it (CloudTrail User Guide, "CloudTrail record contents"), cut to what is read. */
const call = (eventName: string, more: Record<string, unknown>) =>
  event('aws.ec2', 'AWS API Call via CloudTrail', {
    eventVersion: '1.10',
    eventSource: 'ec2.amazonaws.com',
    eventName,
    awsRegion: 'eu-west-1',
    userIdentity: { type: 'AssumedRole', invokedBy: 'autoscaling.amazonaws.com' },
    requestParameters: null,
    responseElements: null,
    ...more,
  })

const instances = {
  instancesSet: { items: [{ instanceId: id, currentState: { code: 0 } }, { instanceId: 'nonsense' }] },
}
const hint = { kind: 'event', account, region: 'eu-west-1', ids: [id] }

describe('one message of the queue', () => {
  test.each([
    ['a launch names its instances in the answer', call('RunInstances', { responseElements: instances })],
    ['a termination names them in the request', call('TerminateInstances', { requestParameters: instances })],
    [
      'tags name resources of any kind',
      call('CreateTags', {
        requestParameters: { resourcesSet: { items: [{ resourceId: id }, { resourceId: 'vol-0a' }] } },
      }),
    ],
    [
      'a state change',
      event('aws.ec2', 'EC2 Instance State-change Notification', { 'instance-id': id, state: 'terminated' }),
    ],
    [
      'a tag change names the instance by its ARN',
      event(
        'aws.tag',
        'Tag Change on Resource',
        { service: 'ec2', 'resource-type': 'instance', 'changed-tag-keys': ['Name'], tags: { Name: 'web' } },
        { resources: [`arn:aws:ec2:eu-west-1:${account}:instance/${id}`] },
      ),
    ],
  ])('%s', (_what, body) => expect(readEvent(body)).toEqual(hint))

  test.each([
    ['a call that failed', call('RunInstances', { errorCode: 'Client.InsufficientInstanceCapacity' })],
    ['a dry run', call('TerminateInstances', { errorCode: 'Client.DryRunOperation', requestParameters: instances })],
    ['a call that is nothing to us', call('DescribeVolumes', {})],
  ])('%s changed nothing', (_what, body) => expect(readEvent(body)).toMatchObject({ kind: 'event', ids: [] }))

  test.each([
    ['no JSON', '{'],
    ['no event', '{"hello":"world"}'],
    ['an account that is none', event('aws.ec2', 'EC2 Instance State-change Notification', {}, { account: '1; drop' })],
    ['a launch without an answer', call('RunInstances', { responseElements: { instancesSet: 'all of them' } })],
    ['a state change of nothing', event('aws.ec2', 'EC2 Instance State-change Notification', { state: 'running' })],
  ])('%s is malformed', (_what, body) => expect(readEvent(body).kind).toBe('malformed'))

  test('what nobody registered is let go', () => {
    expect(readEvent(event('aws.s3', 'Object Created', {}))).toMatchObject({ kind: 'unknown' })
  })
})
