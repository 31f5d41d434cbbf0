import { DatabaseSync } from 'node:sqlite'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { reasonOf } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { storeErrors } from './errors.ts'
import { migrations } from './migrations.ts'
import { createMutex } from './mutex.ts'
import { lockWhileTransaction } from './postgres.ts'
import type { Schema } from './schema.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import type { Database, Store } from './store.ts'

/** What a `serve` wrote, beside it and while it runs. */
export type ReadingStore = Pick<Store, 'engine' | 'db' | 'withLock' | 'close'>

/**
 * Nothing can be changed by it, the schema included. Rejects with STORE_UNAVAILABLE, and with STORE_OLDER or STORE_NEWER where the
 * schema is not that of this version.
 */
export async function openForReading(where: { sqlite: string } | { postgres: Secret }): Promise<ReadingStore> {
  const store = 'sqlite' in where ? readFile(where.sqlite) : readServer(where.postgres)
  try {
    await sql`select 1`.execute(store.db).catch((cause: unknown) => {
      throw storeErrors.STORE_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
    })
    await requireSchema(store.db)
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** SQLite's write-ahead log lets readers in beside the process that writes. */
function readFile(path: string): ReadingStore {
  const exclusively = createMutex()
  try {
    const db = new Kysely<Schema>({ dialect: sqliteDialect(new DatabaseSync(path, { readOnly: true })) })
    const withLock: Store['withLock'] = (key, work) => exclusively(key, () => work(db))
    return { engine: 'sqlite', db, withLock, close: () => db.destroy() }
  } catch (cause) {
    throw storeErrors.STORE_UNAVAILABLE({ reason: `${path}: ${reasonOf(cause)}` }, { cause })
  }
}

function readServer(url: Secret): ReadingStore {
  const pool = new pg.Pool({ connectionString: url.reveal(), max: 2, connectionTimeoutMillis: 5_000 })
  pool.on('connect', (client) => {
    client.on('error', () => undefined)
    // Queued before whatever it is asked for.
    void client.query('set default_transaction_read_only = on').catch(() => client.end())
  })
  pool.on('error', () => undefined)
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const withLock: Store['withLock'] = (key, work) =>
    db.transaction().execute(async (trx) => {
      await lockWhileTransaction(trx, key)
      return work(trx)
    })
  return { engine: 'postgres', db, withLock, close: () => db.destroy() }
}

async function requireSchema(db: Database): Promise<void> {
  const rows = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db).then(
    (result) => result.rows,
    // A database that nobody has migrated has no such table.
    () => [],
  )
  const applied = new Set(rows.map(({ name }) => name))
  const known = Object.keys(migrations)
  const newer = [...applied].find((name) => !known.includes(name))
  if (newer !== undefined) throw storeErrors.STORE_NEWER({ migration: newer })
  const missing = known.find((name) => !applied.has(name))
  if (missing !== undefined) throw storeErrors.STORE_OLDER({ migration: missing })
}
