import { Kysely, type LogEvent, MysqlDialect, PostgresDialect, sql } from 'kysely'
import { isCoded, reasonOf } from '../../../kernel/errors.ts'
import type { Secret } from '../../../kernel/secret.ts'
import { guacamoleErrors } from '../errors.ts'
import type { GuacamoleTables } from './tables.ts'

export type GuacamoleDb = Kysely<GuacamoleTables>

/** Guacamole's own database. `alone`: one transaction, and no other of ours at the same time. */
export type GuacamoleDatabase = {
  readonly engine: 'postgres' | 'mysql'
  readonly db: GuacamoleDb
  alone<T>(work: (trx: GuacamoleDb) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const LOCK = 'enchilada'
const LOCK_SECONDS = 60
/** Serialisation failures and deadlocks of either engine: the same work again may succeed. */
const AGAIN = new Set(['40001', '40P01', 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'])
const TRIES = 3
/** Waiting too long, and a server that died with the connection: the first time and ever after. */
const NAMELESS = /timeout|Connection terminated|not queryable|Client has encountered a connection error/

export type OpenOptions = { onStatement?: (event: LogEvent) => void }

export async function openPostgresDatabase(url: Secret, { onStatement }: OpenOptions = {}): Promise<GuacamoleDatabase> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url.reveal(), max: 2, connectionTimeoutMillis: 5_000 })
  // A broken idle connection is replaced at the next use; unheard, it would end the process.
  pool.on('error', () => undefined)
  // The same of one that is in use: whoever uses it is told by its query.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<GuacamoleTables>({
    dialect: new PostgresDialect({ pool }),
    ...(onStatement ? { log: onStatement } : {}),
  })
  return {
    engine: 'postgres',
    db,
    alone: (work) =>
      reached(() =>
        db.transaction().execute(async (trx) => {
          await sql`select pg_advisory_xact_lock(hashtextextended(${LOCK}, 0))`.execute(trx)
          return work(trx)
        }),
      ),
    close: () => db.destroy(),
  }
}

export async function openMysqlDatabase(url: Secret, { onStatement }: OpenOptions = {}): Promise<GuacamoleDatabase> {
  const { createPool } = await import('mysql2')
  const pool = createPool({ uri: url.reveal(), connectionLimit: 2, connectTimeout: 5_000, timezone: 'Z' })
  const db = new Kysely<GuacamoleTables>({
    dialect: new MysqlDialect({ pool }),
    ...(onStatement ? { log: onStatement } : {}),
  })
  const locked = async (connection: GuacamoleDb): Promise<boolean> => {
    const { rows } = await sql<{ got: number }>`select get_lock(${LOCK}, ${LOCK_SECONDS}) as got`.execute(connection)
    return rows[0]?.got === 1
  }
  return {
    engine: 'mysql',
    db,
    alone: (work) =>
      reached(() =>
        // The lock belongs to the connection, not to the transaction; it goes with either.
        db.connection().execute(async (connection) => {
          if (!(await locked(connection))) {
            throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `another writer had its lock for ${LOCK_SECONDS} s` })
          }
          try {
            return await connection.transaction().setIsolationLevel('read committed').execute(work)
          } finally {
            await sql`select release_lock(${LOCK})`.execute(connection).catch(() => undefined)
          }
        }),
      ),
    close: () => db.destroy(),
  }
}

async function reached<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work()
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
      if (code !== undefined && AGAIN.has(code) && tried < TRIES) continue
      // Drivers name every failure but these; what is none of them came from whoever asked.
      if (isCoded(cause) || (code === undefined && !NAMELESS.test(reasonOf(cause)))) throw cause
      throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: reasonOf(cause) }, { cause })
    }
  }
}
