import { EC2Client, RunInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2'
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { BusEvent } from './doors.ts'
import { type LabAccount, makeOrganisation, type Organisation } from './organisation.ts'
import { callJson, callQuery } from './raw-call.ts'
import { type Aws, startAws } from './start.ts'

const REGION = 'eu-west-1'
const IMAGE = 'ami-0a1a2023a1a2023a0'

let aws: Aws
let organisation: Organisation
let sqs: SQSClient
let queueUrl: string

const events = (account: LabAccount, action: string, body: unknown) =>
  callJson(
    { endpoint: aws.endpoint, credentials: account.credentials, region: REGION },
    'events',
    `AWSEvents.${action}`,
    body,
  )

const ec2Of = (account: LabAccount) =>
  new EC2Client({ endpoint: aws.endpoint, region: REGION, credentials: account.credentials, maxAttempts: 1 })

const launch = async (account: LabAccount) => {
  const given = await ec2Of(account).send(
    new RunInstancesCommand({ ImageId: IMAGE, InstanceType: 't3.nano', MinCount: 1, MaxCount: 1 }),
  )
  return given.Instances?.[0]?.InstanceId ?? ''
}

const receiveEvents = async (enough: (events: BusEvent[]) => boolean): Promise<BusEvent[]> => {
  const received: BusEvent[] = []
  for (let round = 0; round < 20 && !enough(received); round++) {
    const given = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    )
    for (const message of given.Messages ?? []) {
      received.push(JSON.parse(message.Body ?? ''))
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle ?? '' }))
    }
  }
  return received
}

const saysOf = (id: string) => (event: BusEvent) => JSON.stringify(event).includes(id)

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  const { shared, ...others } = organisation.accounts
  sqs = new SQSClient({
    endpoint: aws.endpoint,
    region: REGION,
    credentials: shared.credentials,
    useQueueUrlAsEndpoint: false,
  })
  const created = await sqs.send(new CreateQueueCommand({ QueueName: 'events' }))
  queueUrl = created.QueueUrl ?? ''
  const attributes = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }))
  const sharedBus = `arn:aws:events:${REGION}:${shared.id}:event-bus/default`
  await events(shared, 'PutPermission', {
    Policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'organisation',
          Effect: 'Allow',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource: sharedBus,
          Condition: { StringEquals: { 'aws:PrincipalOrgID': organisation.id } },
        },
      ],
    }),
  })
  const pattern = JSON.stringify({ source: ['aws.ec2', 'aws.tag'] })
  await events(shared, 'PutRule', { Name: 'collect', EventPattern: pattern })
  await events(shared, 'PutTargets', {
    Rule: 'collect',
    Targets: [{ Id: 'queue', Arn: attributes.Attributes?.['QueueArn'] }],
  })
  for (const account of [others['workload-1'], others['workload-2']]) {
    await events(account, 'PutRule', { Name: 'forward', EventPattern: pattern })
    await events(account, 'PutTargets', {
      Rule: 'forward',
      // The second account's target has no role, so that a permission for the organisation does not cover it.
      Targets: [
        {
          Id: 'shared',
          Arn: sharedBus,
          ...(account.name === 'workload-1' && { RoleArn: `arn:aws:iam::${account.id}:role/forward` }),
        },
      ],
    })
  }
})
afterAll(() => aws.stop())
beforeEach(() => aws.lab.setEvents({}))

describe('events from account to account', () => {
  test('arrive with the id, account, region, time and resources they were made with', async () => {
    const account = organisation.accounts['workload-1']
    const id = await launch(account)
    const arrived = await receiveEvents((all) => all.length >= 3)
    const made = (await aws.lab.events()).recent.filter(saysOf(id))
    expect(arrived).toEqual(made)
    expect(arrived.map((event) => event.account)).toEqual([account.id, account.id, account.id])
    expect(arrived[0]?.resources).toEqual([`arn:aws:ec2:${REGION}:${account.id}:instance/${id}`])
  })

  test('are refused without a role on the target when the bus admits an organisation', async () => {
    const before = (await aws.lab.events()).refused.length
    await launch(organisation.accounts['workload-2'])
    await expect.poll(async () => (await aws.lab.events()).refused.length).toBeGreaterThan(before)
    expect((await aws.lab.events()).refused.at(-1)).toContain('without a role on the target')
  })

  test('of a failed and a dry call carry EC2 error codes', async () => {
    const ec2 = ec2Of(organisation.accounts['workload-1'])
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: ['i-0123456789abcdef0'] })).catch(() => {})
    const request = { ImageId: IMAGE, MinCount: 1, MaxCount: 1, DryRun: true }
    await ec2.send(new RunInstancesCommand(request)).catch(() => {})
    const arrived = await receiveEvents((all) => all.length >= 2)
    expect(arrived.map((event) => [event.detail['eventName'], event.detail['errorCode']])).toEqual([
      ['TerminateInstances', 'Client.InvalidInstanceID.NotFound'],
      ['RunInstances', 'Client.DryRunOperation'],
    ])
  })

  test('stop when the rule is disabled', async () => {
    const account = organisation.accounts['workload-1']
    await events(account, 'DisableRule', { Name: 'forward' })
    const silent = await launch(account)
    // Launched, pending, running: what is still on its way would meet the rule enabled.
    await expect.poll(async () => (await aws.lab.events()).recent.filter(saysOf(silent)).length).toBe(3)
    await events(account, 'EnableRule', { Name: 'forward' })
    const heard = await launch(account)
    const arrived = await receiveEvents((all) => all.some(saysOf(heard)))
    expect(arrived.some(saysOf(silent))).toBe(false)
  })

  test('nobody speaks in the name of AWS', async () => {
    const entry = { Source: 'aws.ec2', DetailType: 'EC2 Instance State-change Notification', Detail: '{}' }
    const answer = await events(organisation.accounts['workload-1'], 'PutEvents', { Entries: [entry] })
    expect(JSON.parse(answer).Entries[0].ErrorCode).toBe('NotAuthorizedForSource')
  })
})

test('a launch by Auto Scaling names the service as its caller', async () => {
  const account = organisation.accounts['workload-1']
  const target = { endpoint: aws.endpoint, credentials: account.credentials, region: REGION }
  const scale = (params: Record<string, string>) =>
    callQuery(target, 'autoscaling', { Version: '2011-01-01', ...params })
  await scale({
    Action: 'CreateLaunchConfiguration',
    LaunchConfigurationName: 'web',
    ImageId: IMAGE,
    InstanceType: 't3.nano',
  })
  await scale({
    Action: 'CreateAutoScalingGroup',
    AutoScalingGroupName: 'web',
    LaunchConfigurationName: 'web',
    MinSize: '1',
    MaxSize: '1',
    'AvailabilityZones.member.1': `${REGION}a`,
  })
  const isLaunch = (event: BusEvent) => event.detail['sourceIPAddress'] === 'autoscaling.amazonaws.com'
  const launched = (await receiveEvents((all) => all.some(isLaunch))).find(isLaunch)
  expect(launched?.detail).toMatchObject({
    eventName: 'RunInstances',
    userIdentity: {
      invokedBy: 'autoscaling.amazonaws.com',
      arn: `arn:aws:sts::${account.id}:assumed-role/AWSServiceRoleForAutoScaling/AutoScaling`,
    },
  })
})

test('what a target did not take goes to its dead letters, with the reason', async () => {
  const account = organisation.accounts['workload-3']
  const own = new SQSClient({ endpoint: aws.endpoint, region: REGION, credentials: account.credentials })
  const dead = (await own.send(new CreateQueueCommand({ QueueName: 'dead' }))).QueueUrl ?? ''
  const arn = `arn:aws:sqs:${REGION}:${account.id}`
  await events(account, 'PutRule', { Name: 'broken', EventPattern: '{"source":["test"]}' })
  const target = { Id: 'gone', Arn: `${arn}:gone`, DeadLetterConfig: { Arn: `${arn}:dead` } }
  await events(account, 'PutTargets', { Rule: 'broken', Targets: [target] })
  await events(account, 'PutEvents', { Entries: [{ Source: 'test', DetailType: 'test', Detail: '{"n":1}' }] })
  const given = await own.send(new ReceiveMessageCommand({ QueueUrl: dead, MessageAttributeNames: ['All'] }))
  expect(JSON.parse(given.Messages?.[0]?.Body ?? '{}')).toMatchObject({ source: 'test', detail: { n: 1 } })
  expect(given.Messages?.[0]?.MessageAttributes?.['TARGET_ARN']?.StringValue).toBe(`${arn}:gone`)
})

test('a long poll whose client hung up takes no message', async () => {
  const { shared } = organisation.accounts
  const own = new SQSClient({ endpoint: aws.endpoint, region: REGION, credentials: shared.credentials })
  const QueueUrl = (await own.send(new CreateQueueCommand({ QueueName: 'polled' }))).QueueUrl ?? ''
  const receives = async () => {
    const { calls } = await aws.lab.stats()
    return calls.find((one) => one.account === shared.id && one.action === 'ReceiveMessage')?.calls ?? 0
  }
  const before = await receives()
  const hangUp = new AbortController()
  const poll = own.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 3 }), { abortSignal: hangUp.signal })
  setTimeout(() => hangUp.abort(), 200)
  await expect(poll).rejects.toMatchObject({ name: 'AbortError' })
  await own.send(new SendMessageCommand({ QueueUrl, MessageBody: 'for the next' }))
  // The abandoned poll is over when it is counted.
  await expect.poll(receives, { timeout: 5_000 }).toBe(before + 1)
  const given = await own.send(new ReceiveMessageCommand({ QueueUrl }))
  expect(given.Messages?.[0]?.Body).toBe('for the next')
})

describe('knobs', () => {
  test('drop loses every event, replay brings them back as they were', async () => {
    const account = organisation.accounts['workload-1']
    await aws.lab.setEvents({ drop: 1 })
    const id = await launch(account)
    await aws.lab.setEvents({})
    await aws.lab.replayEvents({ instance: id, kind: 'EC2 Instance State-change Notification', state: 'running' })
    const arrived = (await receiveEvents((all) => all.some(saysOf(id)))).filter(saysOf(id))
    expect(arrived.map((event) => event.detail)).toEqual([{ 'instance-id': id, state: 'running' }])
  })

  test('duplicate sends every event twice', async () => {
    await aws.lab.setEvents({ duplicate: 1 })
    const id = await launch(organisation.accounts['workload-1'])
    const arrived = (await receiveEvents((all) => all.filter(saysOf(id)).length >= 6)).filter(saysOf(id))
    const ids = arrived.map((event) => event.id)
    expect([ids.length, new Set(ids).size]).toEqual([6, 3])
  })
})

test('an unknown IAM call is answered by the account of its key', async () => {
  const { shared } = organisation.accounts
  const target = { endpoint: aws.endpoint, credentials: shared.credentials, region: 'us-east-1' }
  const roles = await callQuery(target, 'iam', { Action: 'ListRoles', Version: '2010-05-08' })
  expect(roles).toContain(`arn:aws:iam::${shared.id}:role/OrganizationAccountAccessRole`)
})
