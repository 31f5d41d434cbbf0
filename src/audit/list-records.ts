import { basename, dirname } from 'node:path'
import { isWriter, listDayFiles, listWriters } from './chain-files.ts'
import { auditErrors } from './errors.ts'
import { readFileLines } from './line-reader.ts'
import { AT, type AuditRecord, parseRecord } from './record.ts'

export type RecordFilter = {
  kind?: string | undefined
  actor?: string | undefined
  subject?: string | undefined
  session?: string | undefined
  /** ISO 8601, inclusive. */
  from?: string | undefined
  to?: string | undefined
}

export type PageRequest = { limit: number; cursor?: string | undefined }
export type RecordPage = { items: AuditRecord[]; nextCursor?: string }

/**
 * Newest first over all writers, a day at a time; memory is bounded by the page, not by the day.
 * The cursor is the place of the last record given: `at seq writer`; rejects with AUDIT_CURSOR_INVALID.
 */
export async function listRecords(
  directory: string,
  filter: RecordFilter,
  { limit, cursor }: PageRequest,
): Promise<RecordPage> {
  const after = cursor === undefined ? undefined : parseCursor(cursor)
  const byDay = new Map<string, string[]>()
  for (const writer of listWriters(directory)) {
    for (const file of listDayFiles(directory, writer)) {
      const day = basename(file, '.jsonl')
      byDay.set(day, [...(byDay.get(day) ?? []), file])
    }
  }
  const items: AuditRecord[] = []
  const isNext = (record: AuditRecord) =>
    isWanted(record, filter) && (after === undefined || newestFirst(after, record) < 0)
  for (const day of [...byDay.keys()].sort().reverse()) {
    if (filter.from && day < filter.from.slice(0, 10)) break
    if (filter.to && day > filter.to.slice(0, 10)) continue
    if (after && day > after.at.slice(0, 10)) continue
    items.push(...(await newestOf(byDay.get(day) ?? [], limit + 1 - items.length, isNext)))
    if (items.length > limit) {
      const page = items.slice(0, limit)
      const last = page.at(-1)
      return { items: page, ...(last ? { nextCursor: `${last.at} ${last.seq} ${last.writer}` } : {}) }
    }
  }
  return { items }
}

async function newestOf(
  files: readonly string[],
  count: number,
  isNext: (record: AuditRecord) => boolean,
): Promise<AuditRecord[]> {
  let newest: AuditRecord[] = []
  const cut = () => {
    newest = newest.sort(newestFirst).slice(0, count)
  }
  for (const file of files) {
    const writer = basename(dirname(file))
    for await (const { bytes, whole } of readFileLines(file)) {
      // What is not part of the chain, or of another's, nobody verifies.
      const record = whole ? parseRecord(bytes) : undefined
      if (record?.writer === writer && isNext(record)) newest.push(record)
      if (newest.length >= count + 1_000) cut()
    }
  }
  cut()
  return newest
}

type Place = { at: string; seq: number; writer: string }

export const newestFirst = (a: Place, b: Place): number => {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1
  return b.seq - a.seq
}

export function parseCursor(cursor: string): Place {
  const [at = '', seq = '', writer = '', ...more] = cursor.split(' ')
  if (!AT.test(at) || !/^\d{1,15}$/.test(seq) || !isWriter(writer) || more.length > 0)
    throw auditErrors.AUDIT_CURSOR_INVALID()
  return { at, seq: Number(seq), writer }
}

export const isWanted = (record: AuditRecord, filter: RecordFilter): boolean =>
  (filter.kind === undefined || record.kind === filter.kind || record.kind.startsWith(`${filter.kind}.`)) &&
  (filter.actor === undefined || record.actor === filter.actor) &&
  (filter.subject === undefined || record.subject === filter.subject) &&
  (filter.session === undefined || record.session === filter.session) &&
  (filter.from === undefined || record.at >= filter.from) &&
  (filter.to === undefined || record.at <= filter.to)
