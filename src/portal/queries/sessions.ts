import { sql } from 'kysely'
import * as z from 'zod'
import { parseScope } from '../../model/scope.ts'
import type { SessionsTable } from '../../store/schema.ts'
import type { Database } from '../../store/store.ts'
import { type Session, type sessionQuerySchema, sessionSchema } from '../contract/sessions.ts'
import { readCursor, searchPatterns, writeCursor } from './keyset.ts'

/** Whose sessions: one's own, and those of the policy keys that `readers` of `visibility` may see. */
export type SessionReader = {
  personId: string
  /** See everybody's. */
  readers: readonly string[]
  /** See one's own; without it one sees one's own whatever the policies say. */
  ownReaders?: readonly string[]
}

type SessionQuery = z.output<typeof sessionQuerySchema> & { recorded?: boolean }

/** `nextCursor` where there are more. */
export async function listSessions(
  db: Database,
  reader: SessionReader,
  query: SessionQuery,
): Promise<{ rows: SessionsTable[]; nextCursor?: string }> {
  let rows = visibleSessions(db, reader).selectAll()
  if (query.live === 'true') rows = rows.where('ended_at', 'is', null)
  if (query.live === 'false') rows = rows.where('ended_at', 'is not', null)
  if (query.recorded) rows = rows.where('recording', '!=', 'none')
  if (query.from !== undefined) rows = rows.where('started_at', '>=', query.from)
  if (query.to !== undefined) rows = rows.where('started_at', '<=', query.to)
  for (const pattern of searchPatterns(query.q)) {
    rows = rows.where(
      sql<boolean>`lower(connection_name || ' ' || person_name || ' ' || instance_id || ' ' || scope) like ${pattern} escape '\\'`,
    )
  }
  if (query.cursor !== undefined) {
    const [startedAt, id] = readCursor(query.cursor, z.number())
    rows = rows.where((row) =>
      row.or([row('started_at', '<', startedAt), row.and([row('started_at', '=', startedAt), row('id', '<', id)])]),
    )
  }
  const found = await rows
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
    .execute()
  const items = found.slice(0, query.limit)
  const last = found.length > query.limit ? items.at(-1) : undefined
  return { rows: items, ...(last ? { nextCursor: writeCursor([last.started_at, last.id]) } : {}) }
}

export async function readVisibleSession(
  db: Database,
  reader: SessionReader,
  id: string,
): Promise<Session | undefined> {
  const row = await visibleSessions(db, reader).selectAll().where('id', '=', id).executeTakeFirst()
  return row && toSession(row)
}

export const readSessionRow = (db: Database, id: string): Promise<SessionsTable | undefined> =>
  db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()

function visibleSessions(db: Database, { personId, readers, ownReaders }: SessionReader) {
  return db.selectFrom('sessions').where((row) => {
    const seenBy = (keys: readonly string[]) =>
      row('policy_key', 'in', (inner) =>
        inner
          .selectFrom('visibility')
          .select('policy_key')
          .where('reader', 'in', [...keys]),
      )
    const own = row('person_id', '=', personId)
    return row.or([seenBy(readers), ownReaders ? row.and([own, seenBy(ownReaders)]) : own])
  })
}

export function toSession(row: SessionsTable): Session {
  return sessionSchema.parse({
    id: row.id,
    connectionId: row.connection_id,
    connectionName: row.connection_name,
    protocol: row.protocol,
    tenant: row.tenant,
    account: row.account,
    region: parseScope(row.scope).region,
    instanceId: row.instance_id,
    personName: row.person_name,
    startedAt: row.started_at,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
    ...(row.end_reason === null ? {} : { endReason: row.end_reason }),
    recording: row.recording,
  })
}
