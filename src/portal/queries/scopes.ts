import { stateNow } from '../../reconcile/freshness.ts'
import type { Database } from '../../store/store.ts'
import type { ScopeStatus } from '../contract/scopes.ts'

/** Freshness of every account and region that was ever looked at. */
export async function listScopes(db: Database, at: { now: number; staleAfter: number }): Promise<ScopeStatus[]> {
  const rows = await db
    .selectFrom('scopes')
    .selectAll('scopes')
    .select((row) =>
      row
        .selectFrom('instances')
        .select((inner) => inner.fn.countAll<number | string>().as('held'))
        .whereRef('instances.scope', '=', 'scopes.scope')
        .where('instances.ended_at', 'is', null)
        .as('held'),
    )
    .orderBy('scope')
    .execute()
  return rows.map((row) => ({
    scope: row.scope,
    tenant: row.tenant,
    account: row.account,
    ...(row.account_name === null ? {} : { accountName: row.account_name }),
    region: row.region,
    state: stateNow(row, at),
    ...(row.detail === null ? {} : { detail: row.detail }),
    instances: Number(row.held),
    ...(row.last_event_at === null ? {} : { lastEventAt: row.last_event_at }),
    ...(row.last_sweep_at === null ? {} : { lastSweepAt: row.last_sweep_at }),
    drift: row.drift,
    heldBack: row.held_back,
  }))
}
