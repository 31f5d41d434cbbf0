import { isWriter } from './chain-files.ts'
import {
  isWanted,
  newestFirst,
  type PageRequest,
  parseCursor,
  type RecordFilter,
  type RecordPage,
} from './list-records.ts'
import type { LogGroup } from './log-group.ts'
import { type AuditRecord, parseRecord } from './record.ts'

/** As `listRecords`, from the streams of a log group: each is read backwards only as far as the page needs. */
export async function listLogRecords(
  group: LogGroup,
  filter: RecordFilter,
  { limit, cursor }: PageRequest,
): Promise<RecordPage> {
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const until = [after?.at, filter.to].filter((at) => at !== undefined).sort()[0]
  const writers = (await group.streams()).filter(isWriter)
  const chains = writers.map((writer) => newestOf(group, writer, until === undefined ? undefined : Date.parse(until)))
  const heads = await Promise.all(chains.map(async (chain) => ({ chain, next: (await chain.next()).value })))
  const items: AuditRecord[] = []
  try {
    for (;;) {
      const first = heads.reduce<(typeof heads)[number] | undefined>(
        (best, one) => (one.next && (!best?.next || newestFirst(one.next, best.next) < 0) ? one : best),
        undefined,
      )
      const record = first?.next
      if (!first || !record || (filter.from !== undefined && record.at < filter.from)) return { items }
      first.next = (await first.chain.next()).value
      if (!isWanted(record, filter) || (after !== undefined && newestFirst(after, record) >= 0)) continue
      if (items.length === limit) {
        const last = items.at(-1)
        return { items, ...(last ? { nextCursor: `${last.at} ${last.seq} ${last.writer}` } : {}) }
      }
      items.push(record)
    }
  } finally {
    await Promise.all(chains.map((chain) => chain.return(undefined)))
  }
}

/** One writer's records, each number once. */
async function* newestOf(
  group: LogGroup,
  writer: string,
  until: number | undefined,
): AsyncGenerator<AuditRecord, undefined, undefined> {
  let before = Number.POSITIVE_INFINITY
  let moment: AuditRecord[] = []
  let at: number | undefined
  for await (const event of group.readBack(writer, until)) {
    if (event.at !== at) {
      yield* give()
      at = event.at
    }
    const record = parseRecord(Buffer.from(event.message))
    if (record?.writer === writer) moment.push(record)
  }
  yield* give()
  return undefined

  /** Events of one moment have no order of their own, and repeats of a lost reply come again further back. */
  function* give(): Generator<AuditRecord> {
    for (const record of moment.sort((a, b) => b.seq - a.seq)) {
      if (record.seq >= before) continue
      before = record.seq
      yield record
    }
    moment = []
  }
}
