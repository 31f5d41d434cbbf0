import type { Clock } from '../../../kernel/clock.ts'
import type { CloseSessions } from '../guacamole.ts'
import type { GuacamoleDb } from './open-database.ts'

/** A web application that dies writes no end, ever: what began longer ago holds no connection. */
const WEEK_MS = 7 * 86_400_000

/** Which of these connections somebody is in, as the history says; `after`: of sessions that began then, or all. */
export async function openInHistory(
  db: GuacamoleDb,
  connections: readonly string[],
  after = Number.NEGATIVE_INFINITY,
): Promise<Set<string>> {
  if (connections.length === 0) return new Set()
  const rows = await db
    .selectFrom('guacamole_connection_history')
    .select(['connection_id as id', 'start_date as begun'])
    .where('connection_id', 'in', connections.map(Number))
    .where('end_date', 'is', null)
    .execute()
  return new Set(rows.filter(({ begun }) => begun.getTime() > after).map(({ id }) => String(id)))
}

type Beside = {
  db: GuacamoleDb
  clock: Clock
  /** Whether the web application shows us every session. */
  seesSessions(): Promise<boolean>
}

/**
 * The account of the web application may read none of what is written here: then it shows no session in it, which looks as if all
 * were ended.
 */
export function closeAndLook(closeSessions: CloseSessions, { db, clock, seesSessions }: Beside): CloseSessions {
  let seesAll: boolean | undefined
  return async (connections) => {
    const open = await closeSessions(connections)
    seesAll ??= await seesSessions().catch(() => undefined)
    if (seesAll) return open
    const there = await openInHistory(db, connections, clock.now() - WEEK_MS)
    return { ...open, staying: new Set([...open.staying, ...there]) }
  }
}
