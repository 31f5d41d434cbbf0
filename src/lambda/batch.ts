import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { Received } from '../inventory/event-queue.ts'

/** What is not done so long before the function would be stopped goes back to the queue. */
const SPARE_MS = 5_000

export const receivedOf = (event: SQSEvent): Received[] =>
  event.Records.map(({ messageId, body, receiptHandle, attributes }) => ({
    id: messageId,
    body,
    receipt: receiptHandle,
    receives: Number(attributes.ApproximateReceiveCount),
  }))

/** SQS takes these messages back and deletes the others (Lambda Developer Guide, "Reporting batch item failures"). */
export const giveBack = (ids: readonly string[]): SQSBatchResponse => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
})

/** The time left may have a fraction, and AbortSignal.timeout takes none. */
export const afterMs = (ms: number): AbortSignal => AbortSignal.timeout(Math.max(0, Math.floor(ms)))

/** Aborts when the time of the invocation is nearly over, while there still is some to answer in. */
export const deadlineOf = (context: Pick<Context, 'getRemainingTimeInMillis'>): AbortSignal =>
  afterMs(context.getRemainingTimeInMillis() - SPARE_MS)
