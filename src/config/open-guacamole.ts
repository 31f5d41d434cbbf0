import { resolve } from 'node:path'
import { sql } from 'kysely'
import type { DesireDeps, PlainSecret } from '../catalogue/guacamole/desire.ts'
import { guacamoleErrors } from '../catalogue/guacamole/errors.ts'
import type { CloseSessions, Guacamole } from '../catalogue/guacamole/guacamole.ts'
import type { History } from '../catalogue/guacamole/history.ts'
import type { MarkLedger } from '../catalogue/guacamole/mark-ledger.ts'
import { guacamoleRest } from '../catalogue/guacamole/rest/guacamole-rest.ts'
import { restHistory } from '../catalogue/guacamole/rest/history.ts'
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
import { groupReaders } from '../policy/group-readers.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import { createMutex } from '../store/mutex.ts'
import type { Store } from '../store/store.ts'
import type { PolicyFollowerDeps } from './follow-policies.ts'
import type { Loaded } from './load-config.ts'
import { readPolicies } from './load-policies.ts'

const BEAT_MS = 5_000

export type OpenedGuacamole = {
  guacamole: Guacamole
  settings: GuacamoleSettings
  /** Kept by Guacamole in plain text. */
  secrets: readonly PlainSecret[]
  history: History
  /** Uuids of live sessions on every node; undefined where no node is named. */
  live(): Promise<ReadonlySet<string> | undefined>
  /** Who may connect to what: the files that say so, and how to put others in force. */
  policies: Pick<PolicyFollowerDeps, 'files' | 'read' | 'prepare'>
  /** Guacamole's own, where that is the way. */
  database: GuacamoleDatabase | undefined
  /** Every web application node that was named; none where only SQL is configured. */
  nodes: readonly RestSession[]
  close(): Promise<void>
}

export type GuacamoleWorld = {
  loaded: Loaded
  secret(where: string, source: SecretSource): Secret
  clock: Clock
  /** Keeps writers of several processes apart; without it only those of this one. */
  store?: Pick<Store, 'engine' | 'withLock'>
  /** For marks that this Guacamole does not keep. */
  ledger?(target: string): MarkLedger
  /** By REST: read parameters and grants as well, a call for each connection. */
  deep?: boolean
}

/** The Guacamole of the configuration, or undefined. Throws CONFIG_INVALID and POLICY_BEYOND_GROUPS. */
export async function openGuacamole(world: GuacamoleWorld): Promise<OpenedGuacamole | undefined> {
  const { loaded, clock } = world
  const { catalogue } = loaded.config
  if (catalogue === 'built-in') return undefined
  const settings = catalogue.guacamole
  const nodes = openNodes(settings, world)
  const closeSessions: CloseSessions | undefined = nodes.length > 0 ? closeSessionsOn(nodes) : undefined
  const { readersOf, ...policies } = followedReaders(loaded, settings)
  const desires = { settings, readersOf, secrets: plainSecrets(settings, world) }
  const database = settings.sql && (await openDatabase(settings.sql, world))
  const opened = database
    ? bySql(database, { ...desires, clock, closeSessions })
    : byRest(nodes, {
        ...desires,
        clock,
        alone: aloneIn(world.store),
        ledger: settings.rest && world.ledger?.(settings.rest.url),
        deep: world.deep === true,
      })
  const { guacamole, history } = opened
  return {
    guacamole,
    secrets: desires.secrets,
    history,
    policies,
    live: async () => {
      if (nodes.length === 0) return undefined
      const active = await Promise.all(nodes.map(readActive)).catch((error: unknown) => {
        // What lives on a node that is away nobody knows; the rest of the history does not wait for it.
        if (hasCode(error, guacamoleErrors.GUACAMOLE_UNREACHABLE)) return undefined
        throw error
      })
      return active && new Set(active.flat().map((one) => one.identifier))
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

function openNodes({ rest }: GuacamoleSettings, { secret, clock }: GuacamoleWorld): RestSession[] {
  if (!rest) return []
  const password = secret('catalogue.guacamole.rest.password', rest.password)
  const { userName, dataSource } = rest
  const urls = [rest.url, ...rest.nodes.filter((url) => url !== rest.url)]
  return urls.map((url) => createRestSession({ url, userName, password, dataSource, clock }))
}

type Opened = Pick<OpenedGuacamole, 'guacamole' | 'history'>
type RestRest = Omit<Parameters<typeof guacamoleRest>[0], 'session' | 'closeSessions'>

function byRest([session, ...others]: readonly RestSession[], deps: RestRest): Opened {
  if (!session) throw new Error('the settings name REST or SQL')
  const closeSessions = closeSessionsOn([session, ...others])
  return { guacamole: guacamoleRest({ ...deps, session, closeSessions }), history: restHistory(session, deps.clock) }
}

const bySql = (database: GuacamoleDatabase, deps: Omit<Parameters<typeof guacamoleSql>[0], 'database'>): Opened => ({
  guacamole: guacamoleSql({ ...deps, database }),
  history: sqlHistory(database),
})

function openDatabase(sql: NonNullable<GuacamoleSettings['sql']>, { secret }: GuacamoleWorld) {
  return 'postgres' in sql
    ? openPostgresDatabase(secret('catalogue.guacamole.sql.postgres', sql.postgres))
    : openMysqlDatabase(secret('catalogue.guacamole.sql.mysql', sql.mysql))
}

/** User groups by connection, by the policies in force. Throws POLICY_BEYOND_GROUPS. */
export function followedReaders(
  loaded: Loaded,
  settings: GuacamoleSettings,
): Pick<DesireDeps, 'readersOf'> & OpenedGuacamole['policies'] {
  const folder = settings.policies ?? loaded.config.access.policies
  const read = () => readPolicies({ ...loaded, policies: resolve(loaded.folder, folder) })
  const files = read()
  let readers = groupReaders(parsePolicies(files))
  return {
    files,
    read,
    prepare(policies) {
      const next = groupReaders(policies)
      return () => {
        readers = next
      }
    },
    readersOf: ({ scope, group, protocol, instance }) => readers({ ...scope, group, protocol, tags: instance.tags }),
  }
}

const plainSecrets = (settings: GuacamoleSettings, { secret }: GuacamoleWorld): PlainSecret[] =>
  settings.secretsInPlainTextForAllWhoReadTheGuacamoleDatabase.map((one) => ({
    protocol: one.protocol,
    parameter: one.parameter,
    accounts: one.accounts,
    secret: secret(`catalogue.guacamole (${one.parameter} of ${one.protocol})`, one.secret),
  }))

/** SQLite has one process; a transaction held open there would stop everything else in it. */
function aloneIn(store: GuacamoleWorld['store']): <T>(work: () => Promise<T>) => Promise<T> {
  if (store?.engine === 'postgres') {
    return (work) =>
      store.withLock('guacamole', async (trx) => {
        // A transaction that is silent for long loses its lock, and Guacamole takes its time over a batch.
        const beat = setInterval(() => void sql`select 1`.execute(trx).catch(() => undefined), BEAT_MS)
        return work().finally(() => clearInterval(beat))
      })
  }
  const inTurn = createMutex()
  return (work) => inTurn('guacamole', work)
}
