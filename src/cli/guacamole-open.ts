import { resolve } from 'node:path'
import { connectionOfRow } from '../catalogue/built-in.ts'
import { configErrors } from '../config/errors.ts'
import { type OpenedGuacamole, openGuacamole } from '../config/open-guacamole.ts'
import { secretsOf } from '../config/world.ts'
import { systemClock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import type { Connection } from '../model/connection.ts'
import { formatScope, parseScope, type Scope } from '../model/scope.ts'
import { openPostgres } from '../store/postgres.ts'
import { readSqlite } from '../store/read-only.ts'
import type { ConnectionsTable } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { type CommandContext, loadFor } from './command.ts'

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
  const secret = secretsOf(loaded, process.env)
  const { store: where } = loaded.config
  const store =
    'postgres' in where ? await openPostgres(secret('store.postgres', where.postgres), silentLog) : undefined
  try {
    const opened = await openGuacamole({ loaded, secret, clock: systemClock, ...(store ? { store } : {}) })
    if (!opened) throw configErrors.CONFIG_WITHOUT_GUACAMOLE({ path: loaded.path })
    const wanted = () =>
      'sqlite' in where
        ? readFile(resolve(loaded.folder, where.sqlite))
        : store
          ? readStore(store)
          : Promise.resolve([])
    return await work({ ...opened, wanted }).finally(() => opened.close())
  } finally {
    await store?.close()
  }
}

async function readFile(path: string): Promise<WantedScope[]> {
  const scopes = readSqlite(path, 'select scope from scopes order by scope', (row) => String(row['scope']))
  const rows = readSqlite(path, 'select * from connections', (row) => row as ConnectionsTable)
  return byScope(scopes, rows)
}

async function readStore({ db }: Store): Promise<WantedScope[]> {
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
