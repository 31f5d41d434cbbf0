import * as z from 'zod'
import type { Clock } from '../../../kernel/clock.ts'
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
const DAY_MS = 86_400_000
/** A date is matched in the server's own time zone: these are the furthest. */
const ZONE_MS = 14 * 3_600_000

export function restHistory(session: RestSession, clock: Pick<Clock, 'now'>): History {
  const read = async (kind: HistoryRow['kind'], path: string): Promise<HistoryRow[]> => {
    const { status, body } = await session.call('GET', `session/data/${await session.dataSource()}/history/${path}`)
    if (status === 404) return []
    const rows = z.array(record).safeParse(Array.isArray(body) ? body : [body])
    if (!rows.success) throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `history: status ${status}` })
    return rows.data.map((row) => ({
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
  }
  const listOf = (kind: HistoryRow['kind']) => (kind === 'session' ? 'connections' : 'users')

  /** A day from both its ends: two thousand rows, and whether that is the whole day. */
  const readDay = async (kind: HistoryRow['kind'], day: string) => {
    const first = await read(kind, `${listOf(kind)}?contains=${day}&order=startDate`)
    if (first.length < MOST) return { rows: first, isAll: true }
    const last = await read(kind, `${listOf(kind)}?contains=${day}&order=-startDate`)
    const seen = new Set(first.map((row) => row.id))
    return { rows: [...first, ...last.filter((row) => !seen.has(row.id))], isAll: last.some((row) => seen.has(row.id)) }
  }

  return {
    async newest(kind) {
      // Without an order the server gives any thousand.
      const rows = await read(kind, `${listOf(kind)}?order=-startDate`)
      return { rows, isAll: rows.length < MOST }
    },
    async between(kind, after, before) {
      const found = new Map<number, HistoryRow>()
      let isAll = true
      for (const day of daysBetween(after.startedAt - ZONE_MS, before.startedAt + ZONE_MS)) {
        const part = await readDay(kind, day)
        isAll &&= part.isAll
        for (const row of part.rows) if (row.id > after.id && row.id < before.id) found.set(row.id, row)
      }
      const rows = () => [...found.values()]
      if (isAll || kind === 'login') return { rows: rows(), isAll }
      let single = 0
      for (let id = after.id + 1; id < before.id && single < MOST_SINGLE; id += 1) {
        if (found.has(id)) continue
        single += 1
        for (const row of await read(kind, `connections/${id}`)) found.set(row.id, row)
      }
      return { rows: rows(), isAll: single < MOST_SINGLE }
    },
    async clockAhead() {
      const { at } = await session.call('GET', `session/data/${await session.dataSource()}/self`)
      return at === undefined ? undefined : at - clock.now()
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
