import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs'
import pLimit from 'p-limit'
import { inventoryErrors } from './errors.ts'

/** A batch holds ten messages and 1 MiB in all (SQS API reference, SendMessageBatch); ours are 200 KB at most. */
const ENTRIES = 10
const BYTES = 900 * 1024
const AT_ONCE = 8

/** One end of a queue. Resolves when SQS has taken all; rejects with QUEUE_REFUSED when it did not take one. */
export type Messages = { send(bodies: readonly string[]): Promise<void> }

export function createMessages(sqs: SQSClient, queueUrl: string): Messages {
  const limit = pLimit(AT_ONCE)
  const sendBatch = async (bodies: readonly string[]) => {
    const Entries = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }))
    const { Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
    const [first] = Failed ?? []
    if (first) throw inventoryErrors.QUEUE_REFUSED({ reason: first.Message ?? first.Code })
  }
  return {
    async send(bodies) {
      await Promise.all(cutIntoBatches(bodies).map((batch) => limit(sendBatch, batch)))
    },
  }
}

function cutIntoBatches(bodies: readonly string[]): string[][] {
  const batches: string[][] = []
  let bytes = 0
  for (const body of bodies) {
    const size = Buffer.byteLength(body)
    const last = batches.at(-1)
    if (last && last.length < ENTRIES && bytes + size <= BYTES) {
      last.push(body)
      bytes += size
    } else {
      batches.push([body])
      bytes = size
    }
  }
  return batches
}
