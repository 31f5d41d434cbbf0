import { sql } from 'kysely'
import type { DesireDeps, PlainSecret } from '../catalogue/guacamole/desire.ts'
import { guacamoleErrors } from '../catalogue/guacamole/errors.ts'
import type { CloseSessions, Guacamole } from '../catalogue/guacamole/guacamole.ts'
import type { History } from '../catalogue/guacamole/history.ts'
import type { MarkLedger } from '../catalogue/guacamole/mark-ledger.ts'
import { readClockAhead } from '../catalogue/guacamole/rest/clock-ahead.ts'
import { guacamoleRest } from '../catalogue/guacamole/rest/guacamole-rest.ts'
import { restHistory } from '../catalogue/guacamole/rest/history.ts'
import { seesEverything } from '../catalogue/guacamole/rest/read-tree.ts'
import { createRestSession, type RestSession } from '../catalogue/guacamole/rest/session.ts'
import { closeSessionsOn, readActive } from '../catalogue/guacamole/rest/sessions.ts'
import type { GuacamoleSettings } from '../catalogue/guacamole/settings.ts'
import { guacamoleSql } from '../catalogue/guacamole/sql/guacamole-sql.ts'
import { sqlHistory } from '../catalogue/guacamole/sql/history.ts'
import {
  type GuacamoleDatabase,
  openMysqlDatabase,
  openPostgresDatabase,
} from '../catalogue/guacamole/sql/open-database.ts'
import type { Clock } from '../kernel/clock.ts'
import { hasCode } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { SecretSource } from '../kernel/secret-source.ts'
import { type Until, unlessAborted } from '../kernel/unless-aborted.ts'
import { createMutex } from '../store/mutex.ts'
import type { Store } from '../store/store.ts'

const BEAT_MS = 5_000

export type OpenedGuacamole = {
  guacamole: Guacamole
  settings: GuacamoleSettings
  /** Kept by Guacamole in plain text. */
  secrets: readonly PlainSecret[]
  history: History
  /** Uuids of live sessions on every node; undefined where no node is named. */
  live(): Promise<ReadonlySet<string> | undefined>
  /** ms by which the clock of each node that tells is ahead of ours. */
  clocksAhead(): Promise<readonly number[]>
  /** Guacamole's own, where that is the way. */
  database: GuacamoleDatabase | undefined
  /** Every web application node that was named; none where only SQL is configured. */
  nodes: readonly RestSession[]
  close(): Promise<void>
}

export type GuacamoleWorld = {
  settings: GuacamoleSettings
  /** Who may connect to what, by the policies in force. */
  readersOf: DesireDeps['readersOf']
  secret(where: string, source: SecretSource): Secret
  clock: Clock
  /** Keeps writers of several processes apart; without it only those of this one. */
  store?: Pick<Store, 'engine' | 'withLock'>
  /** For marks that this Guacamole does not keep. */
  ledger?(target: string): MarkLedger
  /** By REST: read parameters and grants as well, a call for each connection. */
  deep?: boolean
  /** The time of the work at hand: what is under way when it is over is given up, and leaves no lock behind. */
  until?: Until
}

/** The way into a Guacamole, as the settings say. Throws what `secret` throws; nobody is called yet. */
export async function openGuacamole(world: GuacamoleWorld): Promise<OpenedGuacamole> {
  const { settings, readersOf, clock } = world
  const nodes = openNodes(settings, world)
  const closeSessions: CloseSessions | undefined = nodes.length > 0 ? closeSessionsOn(nodes, clock) : undefined
  const desires = { settings, readersOf, secrets: plainSecrets(settings, world) }
  const database = settings.sql && (await openDatabase(settings.sql, world))
  const opened = database
    ? bySql(database, {
        ...{ ...desires, clock, closeSessions },
        seesSessions: async () => (await Promise.all(nodes.map(seesEverything))).every(Boolean),
      })
    : byRest(nodes, {
        ...desires,
        clock,
        alone: aloneIn(world),
        ledger: settings.rest && world.ledger?.(settings.rest.url),
        deep: world.deep === true,
      })
  const { guacamole, history } = opened
  return {
    guacamole,
    secrets: desires.secrets,
    history,
    live: async () => {
      if (nodes.length === 0) return undefined
      const active = await Promise.all(nodes.map(readActive)).catch((error: unknown) => {
        // What lives on a node that is away nobody knows; the rest of the history does not wait for it.
        if (hasCode(error, guacamoleErrors.GUACAMOLE_UNREACHABLE)) return undefined
        throw error
      })
      return active && new Set(active.flat().map((one) => one.identifier))
    },
    clocksAhead: async () => {
      const told = await Promise.allSettled(nodes.map((node) => readClockAhead(node, clock)))
      return told.flatMap((one) => (one.status === 'fulfilled' ? (one.value ?? []) : []))
    },
    settings,
    database,
    nodes,
    async close() {
      await guacamole.close()
      for (const node of nodes) await node.close()
    },
  }
}

function openNodes({ rest }: GuacamoleSettings, { secret, clock, until }: GuacamoleWorld): RestSession[] {
  if (!rest) return []
  const password = secret('catalogue.guacamole.rest.password', rest.password)
  const { userName, dataSource } = rest
  const urls = [rest.url, ...rest.nodes.filter((url) => url !== rest.url)]
  return urls.map((url) => createRestSession({ url, userName, password, dataSource, clock, until }))
}

type Opened = Pick<OpenedGuacamole, 'guacamole' | 'history'>
type RestRest = Omit<Parameters<typeof guacamoleRest>[0], 'session' | 'closeSessions'>

function byRest([session, ...others]: readonly RestSession[], deps: RestRest): Opened {
  if (!session) throw new Error('the settings name REST or SQL')
  const closeSessions = closeSessionsOn([session, ...others], deps.clock)
  return { guacamole: guacamoleRest({ ...deps, session, closeSessions }), history: restHistory(session) }
}

const bySql = (database: GuacamoleDatabase, deps: Omit<Parameters<typeof guacamoleSql>[0], 'database'>): Opened => ({
  guacamole: guacamoleSql({ ...deps, database }),
  history: sqlHistory(database),
})

function openDatabase(sql: NonNullable<GuacamoleSettings['sql']>, { secret, until }: GuacamoleWorld) {
  const options = { ca: sql.ca && secret('catalogue.guacamole.sql.ca', sql.ca), until }
  return 'postgres' in sql
    ? openPostgresDatabase(secret('catalogue.guacamole.sql.postgres', sql.postgres), options)
    : openMysqlDatabase(secret('catalogue.guacamole.sql.mysql', sql.mysql), options)
}

const plainSecrets = (settings: GuacamoleSettings, { secret }: GuacamoleWorld): PlainSecret[] =>
  settings.secretsInPlainTextForAllWhoReadTheGuacamoleDatabase.map((one) => ({
    protocol: one.protocol,
    parameter: one.parameter,
    accounts: one.accounts,
    secret: secret(`catalogue.guacamole (${one.parameter} of ${one.protocol})`, one.secret),
  }))

/** SQLite has one process; a transaction held open there would stop everything else in it. */
function aloneIn({ store, until }: Pick<GuacamoleWorld, 'store' | 'until'>): <T>(work: () => Promise<T>) => Promise<T> {
  if (store?.engine === 'postgres') {
    return (work) => {
      const signal = until?.()
      const locked = store.withLock('guacamole', async (trx) => {
        // Whoever got the lock too late may have lost it again by now.
        signal?.throwIfAborted()
        // A transaction that is silent for long loses its lock, and Guacamole takes its time over a batch.
        const beat = setInterval(() => void sql`select 1`.execute(trx).catch(() => undefined), BEAT_MS)
        return work().finally(() => clearInterval(beat))
      })
      return unlessAborted(locked, signal)
    }
  }
  const inTurn = createMutex()
  return (work) => inTurn('guacamole', work)
}
