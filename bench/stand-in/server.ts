import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cloud } from './cloud.ts'
import { answerEc2 } from './ec2-xml.ts'
import { createQueue, type Queue } from './queue.ts'

/**
 * EC2, STS and SQS just well enough to carry the product at full speed, so that a bench measures the product and not an emulator.
 * The account of a caller is written in the access key that AssumeRole gave it.
 */
export type StandIn = { endpoint: string; queueUrl: string; queue: Queue; close(): Promise<void> }

const HOME = '000000000000'

/** `latencyMs`: how long each call of EC2 and STS takes at least, as the way to AWS would. */
export async function startStandIn(cloud: Cloud, { latencyMs = 0 } = {}): Promise<StandIn> {
  const queue = createQueue()
  const server = createServer((request, response) => {
    answer({ cloud, queue, latencyMs }, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  return {
    endpoint,
    queueUrl: `${endpoint}/${HOME}/events`,
    queue,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

type Behind = { cloud: Cloud; queue: Queue; latencyMs: number }

async function answer({ cloud, queue, latencyMs }: Behind, request: IncomingMessage, response: ServerResponse) {
  const body = await readBody(request)
  const target = request.headers['x-amz-target']
  const [, key = '', region = ''] = /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
  if (typeof target === 'string' && target.startsWith('AmazonSQS.')) {
    const action = target.slice('AmazonSQS.'.length)
    count(cloud, `SQS:${action}`)
    const left = new AbortController()
    response.once('close', () => left.abort())
    const reply = await answerSqs(queue, action, JSON.parse(body), left.signal)
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(reply))
    return
  }
  if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs))
  const form = new URLSearchParams(body)
  const action = form.get('Action') ?? ''
  if (action === 'AssumeRole' || action === 'GetCallerIdentity') {
    count(cloud, `STS:${action}`)
    response.writeHead(200, { 'content-type': 'text/xml' }).end(answerSts(action, form, accountOf(key)))
    return
  }
  count(cloud, `EC2:${action}`)
  const { status, body: xml } = answerEc2(cloud, accountOf(key), region, form)
  response.writeHead(status, { 'content-type': 'text/xml' }).end(xml)
}

const accountOf = (accessKey: string) => /^ASIA(\d{12})/.exec(accessKey)?.[1] ?? HOME

function answerSts(action: string, form: URLSearchParams, caller: string): string {
  const account = /^arn:[^:]+:iam::(\d{12}):/.exec(form.get('RoleArn') ?? '')?.[1] ?? caller
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  const result =
    action === 'AssumeRole'
      ? `<Credentials><AccessKeyId>ASIA${account}0000</AccessKeyId><SecretAccessKey>stand-in</SecretAccessKey><SessionToken>stand-in</SessionToken><Expiration>${expires}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:B</AssumedRoleId><Arn>${form.get('RoleArn')}</Arn></AssumedRoleUser>`
      : `<Account>${caller}</Account><UserId>A</UserId><Arn>arn:aws:sts::${caller}:assumed-role/a/b</Arn>`
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result></${action}Response>`
}

type SqsEntry = {
  Id: string
  MessageBody?: string
  DelaySeconds?: number
  ReceiptHandle?: string
  VisibilityTimeout?: number
}
type SqsCall = SqsEntry & { Entries?: SqsEntry[]; MaxNumberOfMessages?: number; WaitTimeSeconds?: number }

async function answerSqs(queue: Queue, action: string, call: SqsCall, gone: AbortSignal): Promise<unknown> {
  const entries = call.Entries ?? [call]
  switch (action) {
    case 'SendMessage':
    case 'SendMessageBatch': {
      const sent = entries.map((entry) => {
        const { id, md5 } = queue.send(entry.MessageBody ?? '', entry.DelaySeconds)
        return { Id: entry.Id, MessageId: id, MD5OfMessageBody: md5 }
      })
      return action === 'SendMessage' ? sent[0] : { Successful: sent, Failed: [] }
    }
    case 'ReceiveMessage': {
      const messages = await queue.receive({
        most: call.MaxNumberOfMessages ?? 1,
        waitSeconds: call.WaitTimeSeconds ?? 0,
        visibilitySeconds: call.VisibilityTimeout ?? 30,
        gone,
      })
      return {
        Messages: messages.map(({ id, body, receipt, receives, sentAt }) => ({
          MessageId: id,
          Body: body,
          MD5OfBody: createHash('md5').update(body).digest('hex'),
          ReceiptHandle: receipt,
          Attributes: { ApproximateReceiveCount: String(receives), SentTimestamp: String(sentAt) },
        })),
      }
    }
    case 'DeleteMessage':
    case 'DeleteMessageBatch':
      for (const entry of entries) queue.remove(entry.ReceiptHandle ?? '')
      return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] }
    case 'ChangeMessageVisibility':
    case 'ChangeMessageVisibilityBatch':
      for (const entry of entries) queue.changeVisibility(entry.ReceiptHandle ?? '', entry.VisibilityTimeout ?? 0)
      return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] }
    case 'GetQueueAttributes':
      return { Attributes: { ApproximateNumberOfMessages: String(queue.size()) } }
    default:
      throw new Error(`SQS ${action} is not known here`)
  }
}

const count = (cloud: Cloud, name: string) => cloud.calls.set(name, (cloud.calls.get(name) ?? 0) + 1)

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
