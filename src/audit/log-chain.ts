import type { Clock } from '../kernel/clock.ts'
import { hasCode } from '../kernel/errors.ts'
import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import { isWriter } from './chain-files.ts'
import type { ChainWriter } from './chain-writer.ts'
import type { Head } from './check-chain.ts'
import { auditErrors } from './errors.ts'
import { batchEvents, eventTime, type LogEvent, type LogGroup } from './log-group.ts'
import { readLogTail } from './log-records.ts'
import { renderRecord } from './record.ts'

/** With the waits between, a batch is given up after about ten seconds of an absent service. */
const ATTEMPTS = 4

/**
 * A chain whose only store is a log stream, for a process without a lasting disk. It goes on from what the stream holds. Only one
 * process at a time may hold a writer's name (`createWriterNames`): nothing in CloudWatch Logs would stop a second one.
 */
export async function openLogChain(options: {
  group: LogGroup
  writer: string
  clock: Clock
  /** Throws once this process does not hold the name any more. Without it the name is always its own. */
  assertHeld?: (() => void) | undefined
}): Promise<ChainWriter> {
  const { group, writer, clock, assertHeld } = options
  if (!isWriter(writer)) throw auditErrors.AUDIT_NOT_CONTINUED({ writer, reason: 'that is no name for a writer' })
  const tail = await readLogTail(group, writer)
  let head: Head = tail ? { seq: tail.seq, hash: tail.hash } : { seq: 0, hash: GENESIS }
  let lastAt = tail?.at ?? ''
  let lastEventAt = tail?.eventAt ?? 0
  /**
   * Sent, and nobody knows whether they arrived. They keep their numbers: should they arrive late, any other record of that number
   * would break the chain for ever. So they go first, with the same bytes, which readers drop when they see them twice.
   */
  let unsure: LogEvent[] = []

  const send = async (batch: LogEvent[]) => {
    const end = lineHash(batch.at(-1)?.message ?? '')
    for (let attempt = 1; ; attempt += 1) {
      // Before each attempt: a process frozen in the wait between two wakes up when another may have the name.
      assertHeld?.()
      try {
        return await group.put(writer, batch)
      } catch (error) {
        const isUnsure = hasCode(error, auditErrors.AUDIT_SINK_UNSURE)
        if (isUnsure) unsure = batch
        if (!isUnsure && !hasCode(error, auditErrors.AUDIT_SINK_UNAVAILABLE)) throw error
        if (attempt === ATTEMPTS) throw error
        await clock.sleep(250 * 4 ** (attempt - 1))
        if (isUnsure && (await readLogTail(group, writer).catch(() => undefined))?.hash === end) return
      }
    }
  }

  const commit = async (batch: LogEvent[], next: Head) => {
    await send(batch)
    unsure = []
    head = next
    lastEventAt = batch.at(-1)?.at ?? lastEventAt
  }

  return {
    get head() {
      return head
    },
    healed: 0,
    async append(bodies, now) {
      if (unsure.length > 0) {
        await commit(unsure, { seq: head.seq + unsure.length, hash: lineHash(unsure.at(-1)?.message ?? '') })
      }
      const at = now > lastAt ? now : lastAt
      let next = head
      let eventAt = lastEventAt
      const events = bodies.map((body): LogEvent => {
        const message = renderRecord(body, { writer, seq: next.seq + 1, prev: next.hash, at })
        next = { seq: next.seq + 1, hash: lineHash(message) }
        eventAt = eventTime(at, clock.now(), eventAt)
        return { at: eventAt, message }
      })
      lastAt = at
      // When a later batch fails, the earlier ones stand: what is refused may be in the trail, what is answered for always is.
      for (const batch of batchEvents(events)) {
        await commit(batch, { seq: head.seq + batch.length, hash: lineHash(batch.at(-1)?.message ?? '') })
      }
    },
    async close() {},
  }
}
