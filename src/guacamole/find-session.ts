import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import { type History, type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'

/** What Guacamole knows of a session, and what we know of its connection. */
export type FoundSession = { row: HistoryRow; connection: OwnedConnection | undefined }

/**
 * The rows of sessions by uuid. A listing may end before old ones; a uuid is a hash of the row's number, so the numbers below are
 * tried until each is found: about a million a second.
 */
export async function findSessions(
  history: Pick<History, 'newest' | 'again'>,
  uuids: ReadonlySet<string>,
  owned: ReadonlyMap<string, OwnedConnection>,
): Promise<{ newest: readonly HistoryRow[]; sessions: ReadonlyMap<string, FoundSession> }> {
  const { rows: newest, isAll } = await history.newest('session')
  const known = new Map(newest.map((row) => [historyUuid('session', row.id), row]))
  const wanted = new Set([...uuids].filter((uuid) => !known.has(uuid)))
  const ids: number[] = []
  const oldest = Math.min(...newest.map((row) => row.id))
  for (let id = oldest - 1; !isAll && id > 0 && wanted.size > 0; id -= 1) {
    if (wanted.delete(historyUuid('session', id))) ids.push(id)
  }
  for (const row of await history.again('session', ids)) known.set(historyUuid('session', row.id), row)
  const found = [...uuids].flatMap((uuid) => {
    const row = known.get(uuid)
    return row ? [[uuid, { row, connection: owned.get(row.connection?.id ?? '') }] as const] : []
  })
  return { newest, sessions: new Map(found) }
}
