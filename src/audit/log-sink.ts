import type { Clock } from '../kernel/clock.ts'
import { type CodedError, hasCode, isCoded, reasonOf } from '../kernel/errors.ts'
import { lineHash } from '../kernel/hash-chain.ts'
import type { Log } from '../kernel/log.ts'
import { fileRecords, startOfDay } from './chain-files.ts'
import { auditErrors } from './errors.ts'
import { BATCH_LIMITS, batchEvents, eventTime, type LogEvent, type LogGroup } from './log-group.ts'
import { type LogTail, readLogTail } from './log-records.ts'
import { parseRecord } from './record.ts'
import type { StoredLine } from './record-source.ts'

export type SinkState = {
  /** Number of the last record that the log group is known to hold; 0 before it was asked. */
  sent: number
  /** Written here and not yet known to be there. */
  waiting: number
  /** ms since it was last known to have everything; 0 when it has. */
  lagMs: number
  failure: CodedError | undefined
}

export type LogSink = {
  /** Sends what waits and then what comes, until the signal. */
  run(signal: AbortSignal): Promise<void>
  /** Sends what waits, once. Rejects with what is in the way. */
  send(): Promise<void>
  state(): SinkState
}

const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000
/** Commits that come together go in one call; nobody waits for it. */
const GATHER_MS = 200

type Place = { seq: number; hash: string; at: string; eventAt: number; mark?: string | undefined }

/**
 * Copies one writer's chain from its files to a log group. The files are the spool: nothing is kept in memory, and after a failure or
 * a restart the end of the stream says where to go on.
 */
export function createLogSink(options: {
  directory: string
  writer: string
  /** The number of the last record written here. */
  written: () => number
  onCommit: (listener: () => void) => void
  group: LogGroup
  clock: Clock
  log: Log
}): LogSink {
  const { writer, written, group, clock, log } = options
  const records = fileRecords(options.directory)
  let place: Place | undefined
  let sent = 0
  let behindSince: number | undefined = clock.now()
  let failure: CodedError | undefined
  let wake = Promise.withResolvers<void>()
  options.onCommit(() => {
    behindSince ??= clock.now()
    wake.resolve()
  })

  const diverged = (reason: string) => auditErrors.AUDIT_SINK_DIVERGED({ group: group.name, writer, reason })

  /** Finds in the files the record that the stream ends with. */
  const findEnd = async (tail: LogTail | undefined): Promise<Place> => {
    if (!tail) return { seq: 0, hash: '', at: '', eventAt: 0 }
    if (tail.seq > written()) throw diverged(`it has ${tail.seq} records, and here are ${written()}`)
    for await (const { bytes, mark } of records.read(writer, startOfDay(tail.at))) {
      const record = parseRecord(bytes)
      if (record?.seq !== tail.seq) continue
      if (lineHash(bytes) !== tail.hash) break
      return { ...tail, mark }
    }
    throw diverged(`its record ${tail.seq} is not the one that is here`)
  }

  /** One call's worth of lines after `from`. */
  const nextBatch = async (from: Place) => {
    const lines: StoredLine[] = []
    const events: LogEvent[] = []
    const end = written()
    let bytes = 0
    let eventAt = from.eventAt
    for await (const line of records.read(writer, from.mark)) {
      const record = parseRecord(line.bytes)
      if (!record || record.seq > from.seq + lines.length + 1)
        throw diverged(`after ${from.seq} the files do not go on`)
      if (record.seq <= from.seq) continue
      // What a full disk has just refused may still be taken back.
      if (record.seq > end) break
      eventAt = eventTime(record.at, clock.now(), eventAt)
      lines.push(line)
      events.push({ at: eventAt, message: line.bytes.toString('utf8') })
      bytes += line.bytes.length + BATCH_LIMITS.eventBytes
      if (bytes >= BATCH_LIMITS.bytes || lines.length >= BATCH_LIMITS.events) break
    }
    const [batch = []] = batchEvents(events)
    return { batch, last: lines[batch.length - 1] }
  }

  const send = async () => {
    try {
      place ??= await findEnd(await readLogTail(group, writer))
      sent = place.seq
      while (place.seq < written()) {
        const { batch, last } = await nextBatch(place)
        const record = last && parseRecord(last.bytes)
        if (!record) throw diverged(`the files end before ${written()}`)
        await group.put(writer, batch)
        place = {
          seq: record.seq,
          hash: lineHash(last.bytes),
          at: record.at,
          eventAt: batch.at(-1)?.at ?? 0,
          mark: last.mark,
        }
        sent = place.seq
      }
      behindSince = undefined
      if (failure) log.info({ group: group.name, sent: place.seq }, 'the log group of the trail has everything again')
      failure = undefined
    } catch (cause) {
      // What the stream really holds is read before anything is sent again.
      place = undefined
      const details = { group: group.name, action: 'the files of the trail', reason: reasonOf(cause) }
      const coded = isCoded(cause) ? cause : auditErrors.AUDIT_SINK_UNAVAILABLE(details, { cause })
      if (coded.code !== failure?.code)
        log.error({ ...coded.toJSON(), waiting: written() }, 'the trail waits in its files')
      failure = coded
      throw coded
    }
  }

  return {
    send,
    async run(signal) {
      let wait = FIRST_WAIT_MS
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      while (!signal.aborted) {
        wake = Promise.withResolvers()
        const failed = await send().then(
          () => false,
          () => true,
        )
        // Two chains under one name do not become one by waiting.
        if (hasCode(failure, auditErrors.AUDIT_SINK_DIVERGED)) wait = LONGEST_WAIT_MS
        if (!failed) await Promise.race([wake.promise, stopped])
        await clock.sleep(failed ? wait : GATHER_MS, signal).catch(() => undefined)
        wait = failed ? Math.min(LONGEST_WAIT_MS, wait * 2) : FIRST_WAIT_MS
      }
    },
    state: () => ({
      sent,
      waiting: Math.max(0, written() - sent),
      lagMs: behindSince === undefined ? 0 : clock.now() - behindSince,
      failure,
    }),
  }
}
