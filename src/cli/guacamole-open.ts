import { connectionOfRow } from '../catalogue/built-in.ts'
import { readMarks } from '../catalogue/guacamole/mark-ledger.ts'
import { configErrors } from '../config/errors.ts'
import { openGuacamolePolicies } from '../config/guacamole-policies.ts'
import { type OpenedGuacamole, openGuacamole } from '../config/open-guacamole.ts'
import { secretsOf } from '../config/secrets-of.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Connection } from '../model/connection.ts'
import { formatScope, parseScope, type Scope } from '../model/scope.ts'
import type { ReadingStore } from '../store/open-for-reading.ts'
import type { ConnectionsTable } from '../store/schema.ts'
import type { Database } from '../store/store.ts'
import type { CommandContext } from './command.ts'
import { loadFor } from './load-for.ts'
import { openStoreOf } from './store-open.ts'

export type WantedScope = { scope: Scope; connections: Connection[] }
export type GuacamoleWork = OpenedGuacamole & {
  /** What discovery wants, as `serve` wrote it down; works while it runs. */
  wanted(): Promise<WantedScope[]>
}

/** Opens the Guacamole of the configuration for one command. */
export async function withGuacamole(
  context: CommandContext,
  work: (opened: GuacamoleWork) => Promise<number>,
): Promise<number> {
  const loaded = loadFor(context)
  const { catalogue } = loaded.config
  if (catalogue === 'built-in') throw configErrors.CONFIG_WITHOUT_GUACAMOLE({ path: loaded.path })
  const settings = catalogue.guacamole
  const secret = secretsOf(loaded, process.env)
  // A look at Guacamole alone must work before the first `serve` made a database.
  let opening: Promise<ReadingStore> | undefined
  const store = () => {
    opening ??= openStoreOf(loaded)
    return opening
  }
  const locks = {
    engine: 'sqlite' in loaded.config.store ? ('sqlite' as const) : ('postgres' as const),
    withLock: async <T>(key: string, locked: (trx: Database) => Promise<T>) => (await store()).withLock(key, locked),
  }
  try {
    const ledger = (target: string) => ({ read: async () => readMarks((await store()).db, target) })
    const opened = await openGuacamole({
      settings,
      readersOf: openGuacamolePolicies(loaded, settings).readersOf,
      secret,
      clock: systemClock,
      store: locks,
      ledger,
      deep: context.options['deep'] === true,
    })
    return await work({ ...opened, wanted: async () => readStore(await store()) }).finally(() => opened.close())
  } finally {
    await opening?.then(
      (one) => one.close(),
      () => undefined,
    )
  }
}

async function readStore({ db }: ReadingStore): Promise<WantedScope[]> {
  const scopes = await db.selectFrom('scopes').select('scope').orderBy('scope').execute()
  const rows = await db.selectFrom('connections').selectAll().execute()
  return byScope(
    scopes.map((row) => row.scope),
    rows,
  )
}

function byScope(scopes: readonly string[], rows: readonly ConnectionsTable[]): WantedScope[] {
  const connections = Map.groupBy(rows.map(connectionOfRow), (one) => formatScope(one.scope))
  return scopes.map((scope) => ({ scope: parseScope(scope), connections: connections.get(scope) ?? [] }))
}
