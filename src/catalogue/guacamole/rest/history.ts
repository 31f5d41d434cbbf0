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

export function restHistory(session: RestSession): History {
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
  return {
    async newest(kind) {
      // Without an order the server gives any thousand.
      const rows = await read(kind, `${kind === 'session' ? 'connections' : 'users'}?order=-startDate`)
      return { rows, isAll: rows.length < MOST }
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
