import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'

export type Taken = { id: string; body: string; receipt?: string }

/** What Lambda hands to a function that reads the queue. */
export const batchOf = (queueUrl: string, messages: readonly Taken[], region = 'eu-west-1'): SQSEvent => ({
  Records: messages.map(({ id, body, receipt = id }) => ({
    messageId: id,
    receiptHandle: receipt,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${region}:000000000000:${queueUrl.split('/').at(-1)}`,
    awsRegion: region,
  })),
})

/** Lambda deletes what was done, and tests do not: what was taken once stays away unless a function gives it back. */
const AWAY_S = 3_600

/** What waits in a queue, as Lambda would hand it over. */
export async function take(sqs: SQSClient, queueUrl: string, seconds = 1): Promise<Taken[]> {
  const found: Taken[] = []
  for (;;) {
    const given = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: seconds,
        VisibilityTimeout: AWAY_S,
      }),
    )
    if (!given.Messages?.length) return found
    for (const { MessageId = '', Body = '', ReceiptHandle = '' } of given.Messages) {
      found.push({ id: MessageId, body: Body, receipt: ReceiptHandle })
    }
    if (found.length < 10) return found
  }
}
