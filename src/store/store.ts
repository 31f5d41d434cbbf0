import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

export type Database = Kysely<Schema>

/** What one part tells another across processes. The payload is small JSON; facts are read from the tables. */
export type Notices = {
  /** Connections were added, changed or removed. */
  catalogue: { connectionIds: string[]; removedIds: string[] }
  /** The instance is ended or no longer ours: sessions on it must end. */
  'instance-gone': { scope: string; instanceId: string }
  /** A session began, changed or ended. */
  session: { sessionId: string }
  /** Somebody asks the owner node to end a session. */
  'end-session': { sessionId: string; reason: string; by: string }
  /** The person lost access: web sessions and live sessions must end. */
  'access-ended': { personId: string }
  /** Freshness of a scope changed. */
  scope: { scope: string }
  /** Records wait for a trail. */
  'trail-outbox': { records: number }
}
export type NoticeName = keyof Notices

export type Notify = {
  publish<N extends NoticeName>(name: N, payload: Notices[N]): Promise<void>
  /** Returns how to stop listening. */
  subscribe<N extends NoticeName>(name: N, listener: (payload: Notices[N]) => void): () => void
}

/**
 * One database, two engines. `withLock` runs `work` in one transaction while no other process or caller holds `key`;
 * the transaction is rolled back when `work` throws.
 */
export type Store = {
  readonly engine: 'sqlite' | 'postgres'
  readonly db: Database
  readonly notify: Notify
  withLock<T>(key: string, work: (trx: Database) => Promise<T>): Promise<T>
  /** Rejects with STORE_UNAVAILABLE. */
  ping(): Promise<void>
  close(): Promise<void>
}
