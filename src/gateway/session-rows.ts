import type { Clock } from '../kernel/clock.ts'
import type { Person } from '../model/person.ts'
import { formatScope } from '../model/scope.ts'
import type { SessionEndReason } from '../model/session.ts'
import type { Store } from '../store/store.ts'
import type { Target } from './target.ts'

/** A node that has not been heard of for so long is dead; its heart beats six times in it. */
export const LOST_AFTER_MS = 60_000
export const HEARTBEAT_MS = 10_000

export type LostSession = {
  id: string
  personId: string
  connectionId: string
  startedAt: number
  scope: string
  node: string
  heartbeatAt: number
}

export type SessionRows = {
  begin(session: { id: string; startedAt: number; node: string; person: Person; target: Target }): Promise<void>
  end(id: string, reason: SessionEndReason, recording: 'sealed' | 'broken' | 'none'): Promise<void>
  /** Those of this node that have not ended, by id. */
  beat(node: string): Promise<Map<string, { endAskedBy: string | null }>>
  /** The node of the session ends it at its next beat at the latest, whether or not it hears of it before. */
  askEnd(id: string, by: string): Promise<void>
  /** Ended on this node since then, their recordings not sealed. */
  broken(node: string, since: number): Promise<string[]>
  /** Its recording was sealed after its end. */
  sealed(id: string): Promise<void>
  /** Of these, those that are known; `endReason` is null while a session goes on. */
  read(ids: readonly string[]): Promise<Map<string, { scope: string; endReason: string | null }>>
  /** Live sessions of this node whose instance is over by the ledger, whether or not a notice said so. */
  onEndedInstances(node: string): Promise<string[]>
  /** Sessions without an end: this node's own, and those whose node has not been heard of for long. */
  lost(node: string): Promise<LostSession[]>
  /** Makes it this node's to close; false when another was first. */
  claim(session: LostSession, node: string): Promise<boolean>
}

export function openSessionRows({ store, clock }: { store: Store; clock: Clock }): SessionRows {
  const { db, notify } = store
  return {
    async begin({ id, startedAt, node, person, target }) {
      const { connection, policyKey } = target
      await db
        .insertInto('sessions')
        .values({
          id,
          connection_id: connection.id,
          scope: formatScope(connection.scope),
          tenant: connection.scope.tenant,
          account: connection.scope.account,
          instance_id: connection.instanceId,
          connection_name: connection.name,
          group_path: JSON.stringify(connection.group),
          protocol: connection.protocol,
          person_id: person.id,
          person_name: person.name,
          policy_key: policyKey,
          started_at: startedAt,
          ended_at: null,
          end_reason: null,
          node,
          heartbeat_at: clock.now(),
          recording: 'recording',
        })
        .execute()
      await notify.publish('session', { sessionId: id })
    },
    async end(id, reason, recording) {
      await db
        .updateTable('sessions')
        .set({ ended_at: clock.now(), end_reason: reason, recording })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .execute()
      await notify.publish('session', { sessionId: id })
    },
    async beat(node) {
      const rows = await db
        .updateTable('sessions')
        .set({ heartbeat_at: clock.now() })
        .where('node', '=', node)
        .where('ended_at', 'is', null)
        .returning(['id', 'end_asked_by'])
        .execute()
      return new Map(rows.map(({ id, end_asked_by }) => [id, { endAskedBy: end_asked_by }]))
    },
    async askEnd(id, by) {
      await db
        .updateTable('sessions')
        .set({ end_asked_by: by })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .execute()
    },
    async onEndedInstances(node) {
      const rows = await db
        .selectFrom('sessions')
        .innerJoin('instances', (join) =>
          join.onRef('instances.scope', '=', 'sessions.scope').onRef('instances.id', '=', 'sessions.instance_id'),
        )
        .select('sessions.id')
        .where('sessions.node', '=', node)
        .where('sessions.ended_at', 'is', null)
        .where('instances.ended_at', 'is not', null)
        .execute()
      return rows.map((row) => row.id)
    },
    async broken(node, since) {
      const rows = await db
        .selectFrom('sessions')
        .select('id')
        .where('node', '=', node)
        .where('recording', '=', 'broken')
        .where('ended_at', '>', since)
        .execute()
      return rows.map(({ id }) => id)
    },
    async sealed(id) {
      await db.updateTable('sessions').set({ recording: 'sealed' }).where('id', '=', id).execute()
      await notify.publish('session', { sessionId: id })
    },
    async read(ids) {
      if (ids.length === 0) return new Map()
      const rows = await db
        .selectFrom('sessions')
        .select(['id', 'scope', 'end_reason'])
        .where('id', 'in', ids)
        .execute()
      return new Map(rows.map(({ id, scope, end_reason }) => [id, { scope, endReason: end_reason }]))
    },
    async lost(node) {
      const rows = await db
        .selectFrom('sessions')
        .select(['id', 'node', 'person_id', 'connection_id', 'started_at', 'scope', 'heartbeat_at'])
        .where('ended_at', 'is', null)
        .execute()
      return rows
        .filter((row) => row.node === node || row.heartbeat_at < clock.now() - LOST_AFTER_MS)
        .map((row) => ({
          id: row.id,
          personId: row.person_id,
          connectionId: row.connection_id,
          startedAt: row.started_at,
          scope: row.scope,
          node: row.node,
          heartbeatAt: row.heartbeat_at,
        }))
    },
    async claim(session, node) {
      const { numUpdatedRows } = await db
        .updateTable('sessions')
        .set({ node, heartbeat_at: clock.now() })
        .where('id', '=', session.id)
        .where('node', '=', session.node)
        .where('heartbeat_at', '=', session.heartbeatAt)
        .where('ended_at', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}
