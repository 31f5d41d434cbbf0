import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import type { EventQueue, Received } from '../inventory/event-queue.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'

/** What a function is told of the call that it serves. */
export type Invocation = Pick<Context, 'getRemainingTimeInMillis'>

/** What is not done so long before the function would be stopped goes back to the queue. */
const SPARE_MS = 5_000

export const receivedOf = (event: SQSEvent): Received[] =>
  event.Records.map(({ messageId, body, receiptHandle, attributes }) => ({
    id: messageId,
    body,
    receipt: receiptHandle,
    receives: Number(attributes.ApproximateReceiveCount),
  }))

/**
 * SQS takes these messages back and deletes the others (Lambda Developer Guide, "Reporting batch item failures"): with their `queue`
 * after a pause that doubles, without it when their visibility time-out ends, which is minutes.
 */
export async function giveBack(
  received: readonly Received[],
  again: readonly string[],
  { queue, log }: { queue: Pick<EventQueue, 'release'> | undefined; log: Log },
): Promise<SQSBatchResponse> {
  const ids = new Set(again)
  try {
    await queue?.release(received.filter(({ id }) => ids.has(id)))
  } catch (error) {
    log.warn({ reason: reasonOf(error), messages: ids.size }, 'messages to try again come later than they could')
  }
  return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) }
}

/** What is left of an invocation less `spareMs`; whole and not below 0, as timers and the database want it. */
export const timeLeft = (context: Invocation, spareMs: number): number =>
  Math.max(0, Math.floor(context.getRemainingTimeInMillis() - spareMs))

/** Aborts when the time of the invocation is nearly over, while there still is some to answer in. */
export const deadlineOf = (context: Invocation): AbortSignal => AbortSignal.timeout(timeLeft(context, SPARE_MS))
