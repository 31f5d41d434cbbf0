import type { Loaded } from '../config/load-config.ts'
import { stateNow } from '../reconcile/freshness.ts'
import { type Command, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { loadFor } from './load-for.ts'
import { ago, table } from './output.ts'
import { openStoreOf } from './store-open.ts'

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

const COLUMNS = ['scope', 'state', 'detail', 'last_event_at', 'last_sweep_at', 'drift', 'held_back'] as const

async function readScopes(loaded: Loaded) {
  const store = await openStoreOf(loaded)
  try {
    return await store.db.selectFrom('scopes').select(COLUMNS).orderBy('scope').execute()
  } finally {
    await store.close()
  }
}
