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

/** `otherwise` when the time of the invocation is nearly over; what is late then is dropped by its fence. */
export async function inTime<T>(context: Context, work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, context.getRemainingTimeInMillis() - SPARE_MS), otherwise)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
