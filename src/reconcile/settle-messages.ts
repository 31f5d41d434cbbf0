import pLimit from 'p-limit'
import type { Message } from '../inventory/fold-hints.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { unlessAborted } from '../kernel/unless-aborted.ts'
import { reportSchema } from '../model/observation.ts'
import type { createSettler } from './settle-report.ts'

/** Scopes written at the same time; each holds a database connection. */
const AT_ONCE = 4

/**
 * Reports from a queue. Returns the ids of the messages to be tried again; one that cannot be read ends in the dead letters.
 * After the signal none is begun, and what was begun comes again: applying twice does no harm.
 */
export async function settleMessages(
  messages: readonly Message[],
  { settle, log, signal }: { settle: ReturnType<typeof createSettler>; log: Log; signal?: AbortSignal },
): Promise<string[]> {
  const limit = pLimit(AT_ONCE)
  const again: string[] = []
  const one = async ({ id, body }: Message) => {
    try {
      signal?.throwIfAborted()
      await unlessAborted(settle(reportSchema.parse(JSON.parse(body))), signal)
    } catch (error) {
      log.warn({ message: id, reason: reasonOf(error) }, 'a report could not be settled; it comes again')
      again.push(id)
    }
  }
  await Promise.all(messages.map((message) => limit(one, message)))
  return again
}
