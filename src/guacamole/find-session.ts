import { type History, type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'

/** Sessions that may have begun since the listing was made, or that a wrong clock hides from it. */
const MARGIN = 1_000

/**
 * The rows of sessions by uuid. A listing may leave out old ones; a uuid is a hash of the row's number, so numbers are tried from the
 * highest down until each is found: about a million a second.
 */
export async function findSessions(
  history: Pick<History, 'newest' | 'again'>,
  uuids: ReadonlySet<string>,
): Promise<{ newest: readonly HistoryRow[]; sessions: ReadonlyMap<string, HistoryRow> }> {
  const { rows: newest, isAll } = await history.newest('session')
  const known = new Map(newest.map((row) => [historyUuid('session', row.id), row]))
  const wanted = new Set([...uuids].filter((uuid) => !known.has(uuid)))
  const ids: number[] = []
  const highest = newest.reduce((most, row) => Math.max(most, row.id), 0)
  for (let id = highest + MARGIN; !isAll && id > 0 && wanted.size > 0; id -= 1) {
    if (wanted.delete(historyUuid('session', id))) ids.push(id)
  }
  for (const row of await history.again('session', ids)) known.set(historyUuid('session', row.id), row)
  return { newest, sessions: known }
}
