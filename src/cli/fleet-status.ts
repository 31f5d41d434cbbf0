import { resolve } from 'node:path'
import type { Loaded } from '../config/load-config.ts'
import { silentLog } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import { readSecretSource } from '../kernel/secret-source.ts'
import { stateNow } from '../reconcile/freshness.ts'
import { openPostgres } from '../store/postgres.ts'
import { readSqlite } from '../store/read-only.ts'
import { type Command, loadFor, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { ago, table } from './output.ts'

type Row = {
  scope: string
  state: string
  detail: string | null
  last_event_at: number | null
  last_sweep_at: number | null
  drift: number
  held_back: number
}

const QUERY = 'select scope, state, detail, last_event_at, last_sweep_at, drift, held_back from scopes order by scope'

/** Freshness as `serve` wrote it down; works while it runs. */
export const fleetStatus: Command = async (context) => {
  const loaded = loadFor(context)
  const { staleAfter } = loaded.config.discovery
  const now = Date.now()
  const wanted = optionText(context, 'state')
  const rows = (await readScopes(loaded))
    .map((row) => ({ ...row, state: stateNow(row, { now, staleAfter }) }))
    .filter((row) => wanted === undefined || row.state === wanted)
  const scopes = rows.map(({ last_event_at, last_sweep_at, held_back, ...row }) => ({
    ...row,
    lastEventAt: last_event_at,
    lastSweepAt: last_sweep_at,
    heldBack: held_back,
  }))
  context.output.document({ scopes }, () =>
    table(
      ['SCOPE', 'STATE', 'LAST EVENT', 'LAST SWEEP', 'DRIFT', 'HELD BACK'],
      scopes.map((row) => [
        row.scope,
        row.detail ? `${row.state} (${row.detail})` : row.state,
        ago(row.lastEventAt ?? undefined, now),
        ago(row.lastSweepAt ?? undefined, now),
        String(row.drift),
        String(row.heldBack),
      ]),
    ),
  )
  return exitCodes.ok
}

async function readScopes({ config, folder }: Loaded): Promise<Row[]> {
  if ('sqlite' in config.store) return readSqlite(resolve(folder, config.store.sqlite), QUERY, toRow)
  const url = readSecretSource(config.store.postgres, process.env) ?? new Secret('')
  const store = await openPostgres(url, silentLog, { maxConnections: 1 })
  try {
    const columns = ['scope', 'state', 'detail', 'last_event_at', 'last_sweep_at', 'drift', 'held_back'] as const
    return await store.db.selectFrom('scopes').select(columns).orderBy('scope').execute()
  } finally {
    await store.close()
  }
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const numberOrNull = (value: unknown): number | null => (typeof value === 'number' ? value : null)

const toRow = (row: Record<string, unknown>): Row => ({
  scope: String(row['scope']),
  state: String(row['state']),
  detail: textOrNull(row['detail']),
  last_event_at: numberOrNull(row['last_event_at']),
  last_sweep_at: numberOrNull(row['last_sweep_at']),
  drift: Number(row['drift']),
  held_back: Number(row['held_back']),
})
