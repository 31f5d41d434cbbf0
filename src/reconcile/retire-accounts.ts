import type { BuiltInCatalogue } from '../catalogue/built-in.ts'
import type { AccountListing } from '../model/account-listing.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { parseScope } from '../model/scope.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { Database, Store } from '../store/store.ts'
import { type AccountPlan, type AccountsKnown, planAccounts } from './plan-accounts.ts'
import { createTeller, type ScopeChange } from './tell-changes.ts'

export type AccountKeeper = {
  /** Safe to repeat, and to be cut short anywhere: what was planned is written down when all of it is done. */
  settle(listing: AccountListing): Promise<void>
}

const ROW = 1
const BASE = { actor: 'system:discovery', source: 'fact' } as const
type Gone = AccountPlan['gone'][number]

/**
 * Accounts that left the organisation, and those that nobody shall look at: their instances and connections go. A tombstone
 * says that an instance ended; these did not, and come back with their account. The row of the scope stays for a week, to be seen, and
 * to fence off what was observed before.
 */
export function createAccountKeeper(deps: {
  store: Store
  catalogue: BuiltInCatalogue
  /** ms. */
  accountGrace: number
  hasOwnTrail?: boolean
}): AccountKeeper {
  const { store, catalogue } = deps
  const tell = createTeller(deps)

  const plan = async (db: Database, listing: AccountListing): Promise<AccountPlan> => {
    const rows = await db.selectFrom('scopes').select('account').distinct().execute()
    const held = rows.map(({ account }) => account)
    return planAccounts(held, await readKnown(db), listing, deps)
  }

  const empty = (scope: string, { why }: Gone, listedAt: number): Promise<ScopeChange> =>
    store.withLock(`scope ${scope}`, async (trx) => {
      const its = trx.selectFrom('instances').where('scope', '=', scope)
      const alive = await its.select('id').where('ended_at', 'is', null).execute()
      const where = parseScope(scope)
      const records = alive.map(
        ({ id }): AuditEvent => ({
          ...BASE,
          kind: 'discovery.removed',
          subject: id,
          scope: where,
          data: { why: `account-${why}` },
        }),
      )
      await putInOutbox(trx, records)
      await trx.deleteFrom('instances').where('scope', '=', scope).execute()
      await trx.deleteFrom('observation_pages').where('scope', '=', scope).execute()
      const changes = await catalogue.write(trx, where, [], listedAt)
      await trx
        .updateTable('scopes')
        .set({ state: 'gone', detail: why, drift: 0, held_back: 0, applied_begun_at: listedAt })
        .where('scope', '=', scope)
        .execute()
      return { scope, changes, ended: alive.map(({ id }) => id), records: records.length }
    })

  return {
    async settle(listing) {
      const first = await plan(store.db, listing)
      for (const gone of first.gone) {
        const scopes = await store.db.selectFrom('scopes').select('scope').where('account', '=', gone.account).execute()
        for (const { scope } of scopes) await tell.change(await empty(scope, gone, listing.listedAt))
      }
      const records = await store.withLock('accounts', async (trx) => {
        const { known, gone, forgotten, heldBack } = await plan(trx, listing)
        // Somebody else settled a listing meanwhile: what is due by both is done with the next.
        if (gone.some(({ account }) => !first.gone.some((one) => one.account === account))) return []
        const events = recordsOf({ gone, heldBack }, known)
        await putInOutbox(trx, events)
        if (forgotten.length > 0) await trx.deleteFrom('scopes').where('account', 'in', forgotten).execute()
        await writeKnown(trx, known)
        return events
      })
      await tell.records(records.length)
    },
  }
}

function recordsOf(
  { gone, heldBack }: Pick<AccountPlan, 'gone' | 'heldBack'>,
  { absent }: AccountsKnown,
): AuditEvent[] {
  const events = gone.map(({ account, why }): AuditEvent => {
    const since = absent[account]?.since
    const data = { why, ...(since === undefined ? {} : { absentSince: new Date(since).toISOString() }) }
    return { ...BASE, kind: 'discovery.account-gone', subject: account, data }
  })
  if (heldBack.length > 0) {
    const data = { count: heldBack.length, first: heldBack.slice(0, 20) }
    events.push({ ...BASE, kind: 'discovery.held-back', subject: 'removals of accounts', data })
  }
  return events
}

async function readKnown(db: Database): Promise<AccountsKnown> {
  const row = await db.selectFrom('accounts_known').select('known').where('id', '=', ROW).executeTakeFirst()
  return row ? JSON.parse(row.known) : { listedAt: 0, absent: {} }
}

async function writeKnown(trx: Database, known: AccountsKnown): Promise<void> {
  const row = { id: ROW, known: JSON.stringify(known) }
  await trx
    .insertInto('accounts_known')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
}
