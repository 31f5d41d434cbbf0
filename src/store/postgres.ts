import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Secret } from '../kernel/secret.ts'
import { storeErrors } from './errors.ts'
import { migrateToLatest } from './migrate.ts'
import { postgresNotify } from './postgres-notify.ts'
import type { Schema } from './schema.ts'
import type { Database, Store } from './store.ts'

// int8 arrives as text; every number of ours fits a double.
pg.types.setTypeParser(20, Number)

/** A transaction that says nothing for so long belongs to a process that is frozen or gone: the server frees what it locks. */
const SILENT_MS = 60_000

export async function openPostgres(
  url: Secret,
  log: Log,
  { maxConnections = 10, silentMs = SILENT_MS } = {},
): Promise<Store> {
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: silentMs,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'))
  // The pool listens to idle connections alone; one that breaks between two queries of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', (error) => log.warn({ err: error }, 'a database connection broke')))
  const unavailable = (cause: unknown) => storeErrors.STORE_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
  const ping = async () => {
    await pool.query('select 1').catch((cause) => {
      throw unavailable(cause)
    })
  }
  try {
    await ping()
    await migrateToLatest(db)
    const notify = await postgresNotify(pool, url, log)
    return {
      engine: 'postgres',
      db,
      notify,
      withLock: (key, work) =>
        db.transaction().execute(async (trx) => {
          await lockWhileTransaction(trx, key)
          return work(trx)
        }),
      ping,
      close: async () => {
        await notify.close()
        await db.destroy()
      },
    }
  } catch (error) {
    await db.destroy()
    throw error
  }
}

export async function lockWhileTransaction(trx: Database, key: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(trx)
}
