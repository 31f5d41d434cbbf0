import { Kysely, type KyselyPlugin, type LogEvent, MysqlDialect, PostgresDialect, sql, type Transaction } from 'kysely'
import { isCoded, reasonOf } from '../../../kernel/errors.ts'
import type { Secret } from '../../../kernel/secret.ts'
import { type Until, unlessAborted } from '../../../kernel/unless-aborted.ts'
import { guacamoleErrors } from '../errors.ts'
import { tellTls, trustIn, withoutTlsOptions } from './database-tls.ts'
import type { GuacamoleTables } from './tables.ts'

export type GuacamoleDb = Kysely<GuacamoleTables>

/** `mariadb`: 10.5 and later, which returns what it inserts and takes several writes as one statement. */
export type Dialect = 'postgres' | 'mysql' | 'mariadb'
/** An open transaction and how to speak in it. */
export type Writing = { trx: GuacamoleDb; dialect: Dialect }

/** Guacamole's own database. `alone`: one transaction, and no other of ours at the same time. */
export type GuacamoleDatabase = {
  readonly engine: 'postgres' | 'mysql'
  readonly db: GuacamoleDb
  alone<T>(work: (to: Writing) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const LOCK = 'enchilada'
const LOCK_SECONDS = 60
/** Serialisation failures and deadlocks of either engine: the same work again may succeed. */
const AGAIN = new Set(['40001', '40P01', 'ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT'])
const TRIES = 3
/** Whoever holds locks and says nothing for so long is a process that is frozen or gone: the server frees what it locks. */
const SILENT_SECONDS = 60
/** Waiting too long, and a server that died with the connection: the first time and ever after. */
const NAMELESS = /timeout|Connection terminated|not queryable|Client has encountered a connection error/

export type OpenOptions = {
  onStatement?: (event: LogEvent) => void
  /** The authority, PEM, that vouches for the server; it is reached by TLS then, whatever its URL says. */
  ca?: Secret | undefined
  /** Whoever waits for longer is told so, and of what is under way no further statement runs. */
  until?: Until | undefined
}

export async function openPostgresDatabase(
  url: Secret,
  { onStatement, ca, until }: OpenOptions = {},
): Promise<GuacamoleDatabase> {
  const { default: pg } = await import('pg')
  const text = checked(url)
  const pool = new pg.Pool({
    ...(ca ? { connectionString: withoutTlsOptions(text), ssl: trustIn(ca) } : { connectionString: text }),
    max: 2,
    connectionTimeoutMillis: 5_000,
    idle_in_transaction_session_timeout: SILENT_SECONDS * 1_000,
  })
  // A broken idle connection is replaced at the next use; unheard, it would end the process.
  pool.on('error', () => undefined)
  // The same of one that is in use: whoever uses it is told by its query.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<GuacamoleTables>({
    dialect: new PostgresDialect({
      pool: {
        options: pool.options,
        connect: () => pool.connect().catch((cause: unknown) => Promise.reject(tellTls(cause))),
        end: () => pool.end(),
      },
    }),
    ...(onStatement ? { log: onStatement } : {}),
  })
  return {
    engine: 'postgres',
    db,
    alone: (work) =>
      reached(until, (begun) =>
        db.transaction().execute(async (trx) => {
          await sql`select pg_advisory_xact_lock(hashtextextended(${LOCK}, 0))`.execute(trx)
          return work({ trx: begun(trx), dialect: 'postgres' })
        }),
      ),
    close: () => db.destroy(),
  }
}

export async function openMysqlDatabase(
  url: Secret,
  { onStatement, ca, until }: OpenOptions = {},
): Promise<GuacamoleDatabase> {
  const { createPool } = await import('mysql2')
  const pool = createPool({
    uri: checked(url),
    // Of itself the driver takes the certificate of any host.
    ...(ca ? { ssl: { ...trustIn(ca), verifyIdentity: true } } : {}),
    connectionLimit: 2,
    connectTimeout: 5_000,
    timezone: 'Z',
  })
  const db = new Kysely<GuacamoleTables>({
    dialect: new MysqlDialect({
      pool: {
        getConnection: (take) => pool.getConnection((error, connection) => take(error && tellTls(error), connection)),
        end: (ended) => pool.end(ended),
      },
    }),
    ...(onStatement ? { log: onStatement } : {}),
  })
  // Values are escaped by backslashes, and names of instances are anybody's text: a server must not take these for letters.
  pool.on('connection', (connection) => void connection.query("set session sql_mode = 'STRICT_TRANS_TABLES'"))
  const lock = async (connection: GuacamoleDb): Promise<Dialect> => {
    await sql`set session wait_timeout = least(@@session.wait_timeout, ${SILENT_SECONDS})`.execute(connection)
    const { rows } = await sql<{ got: number; version: string }>`
      select get_lock(${LOCK}, ${LOCK_SECONDS}) as got, version() as version`.execute(connection)
    if (rows[0]?.got === 1) return dialectOf(rows[0].version)
    throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `another writer had its lock for ${LOCK_SECONDS} s` })
  }
  /** A connection that waits in the pool holds nothing, and may be silent for as long as the server lets it. */
  const unlock = async (connection: GuacamoleDb): Promise<void> => {
    await sql`select release_lock(${LOCK})`.execute(connection)
    await sql`set session wait_timeout = default`.execute(connection)
  }
  return {
    engine: 'mysql',
    db,
    alone: (work) =>
      reached(until, (begun) =>
        // The lock belongs to the connection, not to the transaction; it goes with either.
        db.connection().execute(async (connection) => {
          try {
            const dialect = await lock(connection)
            const transaction = connection.transaction().setIsolationLevel('read committed')
            return await transaction.execute((trx) => work({ trx: begun(trx), dialect }))
          } finally {
            await unlock(connection).catch(() => undefined)
          }
        }),
      ),
    close: () => db.destroy(),
  }
}

/** Such as `10.11.6-MariaDB-0+deb12u1`; behind a proxy perhaps `5.5.5-10.11.6-MariaDB`. */
function dialectOf(version: string): Dialect {
  const [, major, minor] = /(\d+)\.(\d+)\.\d+-MariaDB/.exec(version) ?? []
  return Number(major) > 10 || (Number(major) === 10 && Number(minor) >= 5) ? 'mariadb' : 'mysql'
}

/** The drivers' own error would quote it. */
function checked(url: Secret): string {
  const text = url.reveal()
  if (!URL.canParse(text)) throw guacamoleErrors.GUACAMOLE_URL_INVALID()
  return text
}

type Begun = (trx: Transaction<GuacamoleTables>) => GuacamoleDb

async function reached<T>(until: Until | undefined, work: (begun: Begun) => Promise<T>): Promise<T> {
  const signal = until?.()
  for (let tried = 1; ; tried += 1) {
    try {
      signal?.throwIfAborted()
      return await unlessAborted(
        work((trx) => (signal ? trx.withPlugin(stoppedBy(signal)) : trx)),
        signal,
      )
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
      if (code !== undefined && AGAIN.has(code) && tried < TRIES) continue
      // Drivers name every failure but these; what is none of them came from whoever asked.
      if (isCoded(cause) || (code === undefined && !NAMELESS.test(reasonOf(cause)))) throw cause
      throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: reasonOf(cause) }, { cause })
    }
  }
}

/** Between two statements, so that the transaction is rolled back by whoever began it, and never runs on behind that. */
const stoppedBy = (signal: AbortSignal): KyselyPlugin => ({
  transformQuery({ node }) {
    signal.throwIfAborted()
    return node
  },
  transformResult: async ({ result }) => result,
})
