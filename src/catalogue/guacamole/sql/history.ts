import type { History, HistoryRow } from '../history.ts'
import type { GuacamoleDatabase } from './open-database.ts'

/** As far back as one look goes: more sessions than that do not begin between two looks. */
const MOST = 10_000

type Row = { id: number; username: string; remote_host: string | null; start_date: Date; end_date: Date | null }

const asRow = (kind: HistoryRow['kind'], row: Row): HistoryRow => ({
  kind,
  id: row.id,
  userName: row.username,
  remoteHost: row.remote_host ?? undefined,
  startedAt: row.start_date.getTime(),
  endedAt: row.end_date?.getTime(),
})

/** Ids are given out in order but seen when committed, so a look goes back over those that were there. */
export function sqlHistory({ db }: GuacamoleDatabase): History {
  const columns = ['history_id as id', 'username', 'remote_host', 'start_date', 'end_date'] as const
  const sessions = () =>
    db.selectFrom('guacamole_connection_history').select([...columns, 'connection_id', 'connection_name'])
  const logins = () => db.selectFrom('guacamole_user_history').select(columns)
  const asSession = (row: Row & { connection_id: number | null; connection_name: string }): HistoryRow => ({
    ...asRow('session', row),
    connection: { id: row.connection_id === null ? undefined : String(row.connection_id), name: row.connection_name },
  })
  const asLogin = (row: Row) => asRow('login', row)
  return {
    async newest(kind) {
      const rows =
        kind === 'session'
          ? (await sessions().orderBy('history_id', 'desc').limit(MOST).execute()).map(asSession)
          : (await logins().orderBy('history_id', 'desc').limit(MOST).execute()).map(asLogin)
      return { rows, isAll: rows.length < MOST }
    },
    async between(kind, after, before) {
      if (kind === 'login') {
        const rows = await logins().where('history_id', '>', after.id).where('history_id', '<', before.id).execute()
        return { rows: rows.map(asLogin), isAll: true }
      }
      const rows = await sessions().where('history_id', '>', after.id).where('history_id', '<', before.id).execute()
      return { rows: rows.map(asSession), isAll: true }
    },
    async again(kind, ids) {
      if (ids.length === 0) return []
      return kind === 'session'
        ? (await sessions().where('history_id', 'in', ids).execute()).map(asSession)
        : (await logins().where('history_id', 'in', ids).execute()).map(asLogin)
    },
  }
}
