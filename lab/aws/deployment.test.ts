import { DescribeInstancesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from './organisation.ts'
import { callJson, callQuery, type RawTarget } from './raw-call.ts'
import { type Aws, startAws } from './start.ts'

const REGION = 'eu-west-1'
const IMAGE = 'ami-0a1a2023a1a2023a0'

let aws: Aws
let organisation: Organisation
let target: RawTarget

beforeAll(async () => {
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  target = { endpoint: aws.endpoint, credentials: organisation.accounts.shared.credentials, region: REGION }
})
afterAll(() => aws.stop())
beforeEach(() => aws.lab.setFaults([]))

const nameOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => error.name,
  )

const allow = (action: string | string[], more = {}) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*', ...more }] })

test('a stack makes bus and queue policies, and names what it does not make', async () => {
  const { shared } = organisation.accounts
  const busArn = `arn:aws:events:${REGION}:${shared.id}:event-bus/default`
  const statement = { Effect: 'Allow', Principal: '*', Action: 'events:PutEvents', Resource: busArn }
  const template = {
    Resources: {
      Bus: {
        Type: 'AWS::Events::EventBusPolicy',
        Properties: { StatementId: 'organisation', Statement: statement },
      },
      Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'closed' } },
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: [{ Ref: 'Queue' }],
          PolicyDocument: {
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'events.amazonaws.com' },
                Action: 'sqs:SendMessage',
                Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:events:${REGION}:${shared.id}:rule/other` } },
              },
            ],
          },
        },
      },
      Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { EvaluationPeriods: 1, ComparisonOperator: 'x' } },
    },
  }
  await callQuery(target, 'cloudformation', {
    Action: 'CreateStack',
    Version: '2010-05-15',
    StackName: 'shared',
    TemplateBody: JSON.stringify(template),
  })
  expect(await aws.lab.ignoredResources()).toEqual(['AWS::CloudWatch::Alarm'])
  const bus = JSON.parse(await callJson(target, 'events', 'AWSEvents.DescribeEventBus', {}))
  expect(JSON.parse(bus.Policy).Statement).toEqual([{ Sid: 'organisation', ...statement }])

  const events = (action: string, body: unknown) => callJson(target, 'events', `AWSEvents.${action}`, body)
  await events('PutRule', { Name: 'mine', EventPattern: '{"source":["test"]}' })
  const Arn = `arn:aws:sqs:${REGION}:${shared.id}:closed`
  await events('PutTargets', { Rule: 'mine', Targets: [{ Id: 'queue', Arn }] })
  await events('PutEvents', { Entries: [{ Source: 'test', DetailType: 'test', Detail: '{}' }] })
  expect((await aws.lab.events()).refused.at(-1)).toContain('does not let events.amazonaws.com send')
})

test('a role may do what its policies say and nothing else', async () => {
  const iam = (params: Record<string, string>) => callQuery(target, 'iam', { Version: '2010-05-08', ...params })
  const { shared } = organisation.accounts
  const trust = JSON.parse(allow('sts:AssumeRole', { Principal: { AWS: `arn:aws:iam::${shared.id}:root` } }))
  delete trust.Statement[0].Resource
  await iam({ Action: 'CreateRole', RoleName: 'reader', AssumeRolePolicyDocument: JSON.stringify(trust) })
  await iam({
    Action: 'PutRolePolicy',
    RoleName: 'reader',
    PolicyName: 'read',
    PolicyDocument: allow(['ec2:Describe*', 'sqs:ReceiveMessage']),
  })
  const sts = new STSClient(target)
  const RoleArn = `arn:aws:iam::${shared.id}:role/reader`
  const given = (await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }))).Credentials
  const credentials = { accessKeyId: given?.AccessKeyId ?? '', secretAccessKey: given?.SecretAccessKey ?? '' }
  const ec2 = new EC2Client({ ...target, credentials, maxAttempts: 1 })
  const sqs = new SQSClient({ ...target, credentials, maxAttempts: 1 })
  expect(await nameOf(ec2.send(new DescribeInstancesCommand({})))).toBe('no error')
  const launch = new RunInstancesCommand({ ImageId: IMAGE, MinCount: 1, MaxCount: 1 })
  expect(await nameOf(ec2.send(launch))).toBe('UnauthorizedOperation')
  expect(await nameOf(sqs.send(new ListQueuesCommand({})))).toBe('AccessDenied')
})

test('faults strike S3 too, and a lost reply hides what took effect', async () => {
  const s3 = new S3Client({ ...target, forcePathStyle: true, maxAttempts: 1 })
  await s3.send(new CreateBucketCommand({ Bucket: 'recordings' }))
  const fault = { service: 's3', action: 'PutObject', code: 'SlowDown', status: 503, count: 1 }
  await aws.lab.setFaults([fault])
  const put = () => s3.send(new PutObjectCommand({ Bucket: 'recordings', Key: 'a', Body: 'b', IfNoneMatch: '*' }))
  expect(await nameOf(put())).toBe('SlowDown')
  await aws.lab.setFaults([{ ...fault, lost_reply: true }])
  expect(await nameOf(put())).toBe('SlowDown')
  expect(await nameOf(put())).toBe('PreconditionFailed')
})

test('a lost reply of a launch is healed by its client token', async () => {
  const ec2 = new EC2Client({ ...target, maxAttempts: 1 })
  await aws.lab.setFaults([{ action: 'RunInstances', code: 'InternalError', status: 500, lost_reply: true, count: 1 }])
  const launch = () =>
    ec2.send(new RunInstancesCommand({ ImageId: IMAGE, MinCount: 1, MaxCount: 1, ClientToken: 'lost' }))
  expect(await nameOf(launch())).toBe('InternalError')
  const { Instances } = await launch()
  const listed = (await aws.lab.instances()).filter((one) => one.account === organisation.accounts.shared.id)
  expect(Instances?.map((one) => one.InstanceId)).toEqual(listed.map((one) => one.id))
})

test('a token bucket throttles beyond its burst, for each account by itself', async () => {
  await aws.lab.setFaults([{ action: 'DescribeInstances', rate: 0.001, burst: 3 }])
  const look = (name: 'shared' | 'workload-1') =>
    nameOf(
      new EC2Client({ ...target, credentials: organisation.accounts[name].credentials, maxAttempts: 1 }).send(
        new DescribeInstancesCommand({}),
      ),
    )
  const four = async (name: 'shared' | 'workload-1') => [
    await look(name),
    await look(name),
    await look(name),
    await look(name),
  ]
  const expected = ['no error', 'no error', 'no error', 'RequestLimitExceeded']
  expect([await four('shared'), await four('workload-1')]).toEqual([expected, expected])
})
