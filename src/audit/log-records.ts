import type { Clock } from '../kernel/clock.ts'
import { lineHash } from '../kernel/hash-chain.ts'
import { isWriter } from './chain-files.ts'
import { auditErrors } from './errors.ts'
import type { LogGroup, StoredEvent } from './log-group.ts'
import { parseRecord } from './record.ts'
import type { RecordSource, StoredLine } from './record-source.ts'

/** A record that is missing between others that arrived so short ago may still be on its way to every reader. */
const SETTLE_MS = 30_000
/** From where a mark points to, a little back: events of one moment have no order of their own. */
const BACK_MS = 60_000
/** So many records ahead of a missing one are held; then it is missing. */
const MOST_EARLY = 20_000
/** Repeats come of one lost reply: within a batch or two. */
const MOST_REMEMBERED = 40_000

type Mark = { at: number; seq: number; line: number }

/** The trail in CloudWatch Logs. Repeats are dropped; a second record of one number with other bytes is given, and is a fault. */
export function logRecords({ group, clock }: { group: LogGroup; clock: Clock }): RecordSource {
  return {
    writers: async () => (await group.streams()).filter(isWriter).sort(),
    async *read(writer, from) {
      const start = from === undefined ? undefined : parseMark(from)
      const events = group.read(writer, start && start.at - BACK_MS)
      yield* inOrder(events, { where: `${group.name}/${writer}`, clock, start })
    },
  }
}

const parseMark = (mark: string): Mark => {
  const [at = 0, seq = 1, line = 1] = mark.split(' ').map(Number)
  return { at, seq, line }
}

async function* inOrder(
  events: AsyncIterable<StoredEvent>,
  { where, clock, start }: { where: string; clock: Clock; start: Mark | undefined },
): AsyncGenerator<StoredLine> {
  let expected = start?.seq ?? 1
  let line = (start?.line ?? 1) - 1
  const seen = new Map<number, string>()
  const early = new Map<number, { event: StoredEvent; bytes: Buffer }>()

  const give = (event: StoredEvent, bytes: Buffer, seq: number): StoredLine => {
    line += 1
    return { where, line, bytes, mark: `${event.at} ${seq} ${line}` }
  }
  const remember = (seq: number, bytes: Buffer) => {
    seen.set(seq, lineHash(bytes))
    seen.delete(seq - MOST_REMEMBERED)
  }
  function* next(event: StoredEvent, bytes: Buffer): Generator<StoredLine> {
    remember(expected, bytes)
    yield give(event, bytes, expected)
    expected += 1
    for (let held = early.get(expected); held; held = early.get(expected)) {
      early.delete(expected)
      remember(expected, held.bytes)
      yield give(held.event, held.bytes, expected)
      expected += 1
    }
  }

  for await (const event of events) {
    const bytes = Buffer.from(event.message)
    const seq = parseRecord(bytes)?.seq
    if (seq === undefined) {
      if (!start || expected > start.seq) yield give(event, bytes, expected)
    } else if (seq === expected) yield* next(event, bytes)
    else if (seq > expected) {
      const twin = early.get(seq)
      if (twin && !twin.bytes.equals(bytes)) yield give(event, bytes, seq)
      else if (!twin) early.set(seq, { event, bytes })
      if (early.size > MOST_EARLY) break
    } else if (seen.get(seq) !== lineHash(bytes) && !(start && seq < start.seq)) yield give(event, bytes, seq)
  }
  const oldest = Math.min(...[...early.values()].map(({ event }) => event.ingestedAt))
  if (early.size === 0 || oldest > clock.now() - SETTLE_MS) return
  for (const [seq, { event, bytes }] of [...early].sort(([a], [b]) => a - b)) yield give(event, bytes, seq)
}

/** The last record that a stream holds. */
export type LogTail = { seq: number; hash: string; at: string; eventAt: number }

/** Events of one moment have no order of their own: of the last ones, the highest number counts. */
const TAIL_EVENTS = 200

export async function readLogTail(group: LogGroup, writer: string): Promise<LogTail | undefined> {
  let tail: LogTail | undefined
  let looked = 0
  for await (const { message, at: eventAt } of group.readBack(writer)) {
    const record = parseRecord(Buffer.from(message))
    if (record?.writer !== writer) {
      const reason = `an event at the end of the log stream ${group.name}/${writer} is no record of it`
      throw auditErrors.AUDIT_NOT_CONTINUED({ writer, reason })
    }
    if (!tail || record.seq > tail.seq) tail = { seq: record.seq, hash: lineHash(message), at: record.at, eventAt }
    looked += 1
    if (looked >= TAIL_EVENTS) break
  }
  return tail
}
