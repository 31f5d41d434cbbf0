import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import type { History, HistoryRow } from '../history.ts'
import type { RestSession } from './session.ts'

const record = z.object({
  identifier: z.coerce.number(),
  username: z.string().nullish(),
  remoteHost: z.string().nullish(),
  startDate: z.number(),
  endDate: z.number().nullish(),
  connectionIdentifier: z.string().nullish(),
  connectionName: z.string().nullish(),
})

/** The API gives no more, whatever it is asked. */
const MOST = 1_000
/** Sessions asked for one by one to close a gap; each is a call of milliseconds. */
const MOST_SINGLE = 20_000
/** So few are asked for one by one at once. */
const FEW = 50
/** Rows are dated in the server's own seconds. */
const AHEAD_MS = 1_000
/** From either end of a time that is longer, as it is when a clock was set by years. */
const MOST_DAYS = 31
const DAY_MS = 86_400_000
/** A date is matched in the server's own time zone: these are the furthest. */
const ZONE_MS = 14 * 3_600_000

export function restHistory(session: RestSession): History {
  /** `at`: when the server answered, by its own clock. */
  const ask = async (
    kind: HistoryRow['kind'],
    path: string,
  ): Promise<{ rows: HistoryRow[]; at: number | undefined }> => {
    const url = `session/data/${await session.dataSource()}/history/${path}`
    const { status, body, at } = await session.call('GET', url)
    if (status === 404) return { rows: [], at }
    const given = z.array(record).safeParse(Array.isArray(body) ? body : [body])
    if (!given.success) throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `history: status ${status}` })
    const rows = given.data.map((row) => ({
      kind,
      id: row.identifier,
      userName: row.username ?? '',
      remoteHost: row.remoteHost ?? undefined,
      startedAt: row.startDate,
      endedAt: row.endDate ?? undefined,
      ...(kind === 'session'
        ? { connection: { id: row.connectionIdentifier ?? undefined, name: row.connectionName ?? '' } }
        : {}),
    }))
    return { rows, at }
  }
  const read = async (kind: HistoryRow['kind'], path: string) => (await ask(kind, path)).rows
  const listOf = (kind: HistoryRow['kind']) => (kind === 'session' ? 'connections' : 'users')

  /** A day from both its ends: two thousand rows, and whether that is the whole day. */
  const readDay = async (kind: HistoryRow['kind'], day: string) => {
    const first = await read(kind, `${listOf(kind)}?contains=${day}&order=startDate`)
    if (first.length < MOST) return { rows: first, isAll: true }
    const last = await read(kind, `${listOf(kind)}?contains=${day}&order=-startDate`)
    const seen = new Set(first.map((row) => row.id))
    return { rows: [...first, ...last.filter((row) => !seen.has(row.id))], isAll: last.some((row) => seen.has(row.id)) }
  }

  const readDays = async (kind: HistoryRow['kind'], times: readonly number[]) => {
    const found = new Map<number, HistoryRow>()
    const days = daysBetween(Math.min(...times) - ZONE_MS, Math.max(...times) + ZONE_MS)
    let isAll = days.length <= 2 * MOST_DAYS
    for (const day of isAll ? days : [...days.slice(0, MOST_DAYS), ...days.slice(-MOST_DAYS)]) {
      const part = await readDay(kind, day)
      isAll &&= part.isAll
      for (const row of part.rows) found.set(row.id, row)
    }
    return { found, isAll }
  }

  return {
    async newest(kind) {
      // Without an order the server gives any thousand.
      const { rows, at } = await ask(kind, `${listOf(kind)}?order=-startDate`)
      if (rows.length < MOST) return { rows, isAll: true }
      // What a wrong clock dated later than now stands before all that begins now.
      const isHiding = at !== undefined && rows.some((row) => row.startedAt > at + AHEAD_MS)
      const { found } = isHiding ? await readDays(kind, [at]) : { found: new Map<number, HistoryRow>() }
      for (const row of rows) found.set(row.id, row)
      return { rows: [...found.values()], isAll: false }
    },
    async between(kind, after, before) {
      const isFew = kind === 'session' && before.id - after.id <= FEW
      const { found, isAll } = isFew
        ? { found: new Map<number, HistoryRow>(), isAll: true }
        : await readDays(kind, [after.startedAt, before.startedAt])
      const rows = () => [...found.values()].filter((row) => row.id > after.id && row.id < before.id)
      if (kind === 'login') return { rows: rows(), isAll }
      let single = 0
      for (let id = after.id + 1; id < before.id && single < MOST_SINGLE; id += 1) {
        if (found.has(id)) continue
        single += 1
        for (const row of await read(kind, `connections/${id}`)) found.set(row.id, row)
      }
      return { rows: rows(), isAll: single < MOST_SINGLE }
    },
    async again(kind, ids) {
      // Single logins cannot be asked for.
      if (kind === 'login') return []
      const rows: HistoryRow[] = []
      for (const id of ids) rows.push(...(await read(kind, `connections/${id}`)))
      return rows
    },
  }
}

function daysBetween(from: number, to: number): string[] {
  const [first, last] = [Math.floor(from / DAY_MS), Math.floor(to / DAY_MS)]
  return Array.from({ length: last - first + 1 }, (_, at) => new Date((first + at) * DAY_MS).toISOString().slice(0, 10))
}
