import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation } from './organisation.ts'
import { callJson, callQuery, callRest, type RawTarget } from './raw-call.ts'
import { type Aws, startAws } from './start.ts'

const REGION = 'eu-west-1'
const TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
}

// Fails the records whose body says so, and tells who it is and what it saw on a queue.
const CODE = `
import { appendFileSync } from 'node:fs'
export const handler = async (event, context) => {
  appendFileSync(process.env.SEEN, JSON.stringify(event.Records?.map((record) => record.body) ?? event) + '\\n')
  if (event.fail) throw new RangeError('as asked')
  if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000))
  if (!event.Records) return { key: process.env.AWS_ACCESS_KEY_ID, function: context.functionName, left: context.getRemainingTimeInMillis() }
  const failed = event.Records.filter((record) => record.body === 'bad')
  return { batchItemFailures: failed.map((record) => ({ itemIdentifier: record.messageId })) }
}
`

let aws: Aws
let target: RawTarget
let account: string
let folder: string
let sqs: SQSClient
const seen = () => {
  const text = readFileSync(join(folder, 'seen'), 'utf8').trim()
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'functions-'))
  aws = await startAws({ dir: join(folder, 'unpacked') })
  const { shared } = (await makeOrganisation(aws.endpoint)).accounts
  account = shared.id
  target = { endpoint: aws.endpoint, credentials: shared.credentials, region: REGION }
  sqs = new SQSClient({ ...target, useQueueUrlAsEndpoint: false })
  writeFileSync(join(folder, 'index.mjs'), CODE)
  writeFileSync(join(folder, 'seen'), '')
  execFileSync('python3', ['-m', 'zipfile', '-c', 'code.zip', 'index.mjs'], { cwd: folder })
  await callQuery(target, 'iam', {
    Action: 'CreateRole',
    Version: '2010-05-08',
    RoleName: 'observer',
    AssumeRolePolicyDocument: JSON.stringify(TRUST),
  })
  await callRest(target, 'lambda', '/2015-03-31/functions', 'POST', {
    FunctionName: 'observer',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Timeout: 8,
    Role: `arn:aws:iam::${account}:role/observer`,
    Environment: { Variables: { SEEN: join(folder, 'seen') } },
    Code: { ZipFile: readFileSync(join(folder, 'code.zip')).toString('base64') },
  })
})
afterAll(async () => {
  await aws.stop()
  rmSync(folder, { recursive: true })
})

const invoke = async (event: unknown) =>
  JSON.parse(await callRest(target, 'lambda', '/2015-03-31/functions/observer/invocations', 'POST', event))

const queueArn = async (url: string) => {
  const given = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }))
  return given.Attributes?.['QueueArn'] ?? ''
}

test('a function runs in Node, as its role, with a context', async () => {
  const answer = await invoke({})
  expect(answer).toMatchObject({ function: 'observer' })
  expect(answer.left).toBeGreaterThan(0)
  const sts = { ...target, credentials: { accessKeyId: answer.key, secretAccessKey: 'x' } }
  const identity = await callQuery(sts, 'sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' })
  expect(identity).toContain(`arn:aws:sts::${account}:assumed-role/observer/observer`)
})

test('its error and its time-out are told', async () => {
  expect(await invoke({ fail: true })).toMatchObject({ errorType: 'RangeError', errorMessage: 'as asked' })
  expect(await invoke({ hang: true })).toMatchObject({ errorType: 'Sandbox.Timedout' })
  expect(await invoke({})).toMatchObject({ function: 'observer' })
})

test('a mapping hands over batches; what failed comes again, then to the dead letters', async () => {
  const dead = (await sqs.send(new CreateQueueCommand({ QueueName: 'dead' }))).QueueUrl ?? ''
  const created = await sqs.send(
    new CreateQueueCommand({
      QueueName: 'hints',
      Attributes: {
        VisibilityTimeout: '1',
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await queueArn(dead), maxReceiveCount: 2 }),
      },
    }),
  )
  const url = created.QueueUrl ?? ''
  const bodies = ['a', 'bad', 'b', 'c']
  const Entries = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }))
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))
  const before = seen().length
  await callRest(target, 'lambda', '/2015-03-31/event-source-mappings', 'POST', {
    EventSourceArn: await queueArn(url),
    FunctionName: 'observer',
    BatchSize: 50,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  })
  const given = await sqs.send(new ReceiveMessageCommand({ QueueUrl: dead, WaitTimeSeconds: 10 }))
  expect(given.Messages?.map((message) => message.Body)).toEqual(['bad'])
  expect(seen().slice(before)).toEqual([bodies, ['bad']])
})

test('a window gathers what comes within it into one batch', async () => {
  const url = (await sqs.send(new CreateQueueCommand({ QueueName: 'gathered' }))).QueueUrl ?? ''
  await callRest(target, 'lambda', '/2015-03-31/event-source-mappings', 'POST', {
    EventSourceArn: await queueArn(url),
    FunctionName: 'observer',
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 1,
  })
  const before = seen().length
  for (const MessageBody of ['x', 'y']) await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody }))
  await expect.poll(() => seen().slice(before), { timeout: 5_000 }).toEqual([['x', 'y']])
})

test('a rule has a function as its target, and a schedule fires it', async () => {
  const arn = `arn:aws:lambda:${REGION}:${account}:function:observer`
  const events = (action: string, body: unknown) => callJson(target, 'events', `AWSEvents.${action}`, body)
  await events('PutRule', { Name: 'sweep', ScheduleExpression: 'rate(1 hour)' })
  await events('PutTargets', { Rule: 'sweep', Targets: [{ Id: 'f', Arn: arn, Input: '{"sweep":true}' }] })
  const before = seen().length
  expect((await aws.lab.fireSchedules('sweep')).fired).toEqual([`arn:aws:events:${REGION}:${account}:rule/sweep`])
  await expect.poll(() => seen().slice(before)).toEqual([{ sweep: true }])
})
