import type { Observation } from '../model/observation.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import type { ScopesTable } from '../store/schema.ts'
import type { Database } from '../store/store.ts'

type News = {
  observation: Observation
  /** Changes that this observation made; of a listing: what events had missed. */
  drift: number
  heldBack: number
  now: number
}

/** Writes down how fresh the scope is. A failed observation changes the state and nothing else. */
export async function noteFreshness(trx: Database, { observation, drift, heldBack, now }: News): Promise<void> {
  const { scope, kind, complete, begunAt, reason, accountName } = observation
  const whole = complete && kind === 'listing'
  const state: ScopesTable['state'] = complete
    ? 'fresh'
    : reason === 'failed' || reason === undefined
      ? 'stale'
      : reason
  const key = formatScope(scope)
  const before = await trx.selectFrom('scopes').selectAll().where('scope', '=', key).executeTakeFirst()
  const row: ScopesTable = {
    scope: key,
    tenant: scope.tenant,
    account: scope.account,
    region: scope.region,
    account_name: accountName ?? before?.account_name ?? null,
    // Ids looked up say that the account answers, not that the listing is fresh.
    state: kind === 'ids' && complete ? (before?.last_sweep_at ? 'fresh' : 'never') : state,
    detail: complete ? null : (reason ?? null),
    // Looking again at an id that AWS does not know yet is our doing.
    last_event_at: kind === 'ids' && observation.attempt === 0 ? now : (before?.last_event_at ?? null),
    last_sweep_at: whole ? begunAt : (before?.last_sweep_at ?? null),
    applied_begun_at: whole ? begunAt : (before?.applied_begun_at ?? 0),
    drift: whole ? drift : (before?.drift ?? 0),
    held_back: whole ? heldBack : (before?.held_back ?? 0),
  }
  await trx
    .insertInto('scopes')
    .values(row)
    .onConflict((conflict) => conflict.column('scope').doUpdateSet(row))
    .execute()
}

/** What was fresh when it was written is stale when no complete listing followed, whoever should have swept. */
export function stateNow<State extends string>(
  { state, last_sweep_at }: { state: State; last_sweep_at: number | null },
  { now, staleAfter }: { now: number; staleAfter: number },
): State | 'stale' {
  return state === 'fresh' && (last_sweep_at ?? 0) < now - staleAfter ? 'stale' : state
}

/** An observation does not always know what the account is called; a name once known stays until another comes. */
export async function knownNameOf(trx: Database, scope: Scope): Promise<string | undefined> {
  const row = await trx
    .selectFrom('scopes')
    .select('account_name')
    .where('scope', '=', formatScope(scope))
    .executeTakeFirst()
  return row?.account_name ?? undefined
}
