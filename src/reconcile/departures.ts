import type { BuiltInCatalogue } from '../catalogue/built-in.ts'
import type { AccountListing } from '../model/account-listing.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { RegionListing } from '../model/region-listing.ts'
import { parseScope } from '../model/scope.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { Database } from '../store/store.ts'
import { emptyScope } from './empty-scope.ts'
import { type Absences, type Departure, type DeparturePlan, planDepartures, type Word } from './plan-departures.ts'
import { wordOfAccounts, wordOfRegions } from './read-listings.ts'
import { createTeller, type TellDeps } from './tell-changes.ts'

/**
 * Takes what accounts had that left the organisation, and regions that an account switched off or nobody shall look at. Safe to repeat,
 * and to be cut short anywhere: what was planned is written down when all of it is done. Both give how many are held back.
 */
export type Departures = {
  settleAccounts(listing: AccountListing): Promise<number>
  settleRegions(listing: RegionListing): Promise<number>
}

type HeldScope = { scope: string; account: string; state: string }
/** `row`: where its absences are kept, in the table `accounts_known`. */
type Matter = { what: 'account' | 'region'; row: number; keyOf(held: HeldScope): string }
type List = { listedAt: number; wordOf(key: string): Word }

const ACCOUNTS: Matter = { what: 'account', row: 1, keyOf: ({ account }) => account }
const REGIONS: Matter = { what: 'region', row: 2, keyOf: ({ scope }) => scope }

export function createDepartures(
  deps: TellDeps & {
    catalogue: BuiltInCatalogue
    /** ms. */
    accountGrace: number
  },
): Departures {
  const { store, accountGrace } = deps
  const tell = createTeller(deps)

  async function settle(matter: Matter, list: List): Promise<number> {
    const { listedAt } = list
    const plan = async (db: Database): Promise<DeparturePlan & { scopesOf(key: string): string[] }> => {
      const rows = await db.selectFrom('scopes').select(['scope', 'account', 'state']).execute()
      const held = Map.groupBy(rows, matter.keyOf)
      const known = withoutReturned(await readAbsences(db, matter), held)
      return {
        ...planDepartures([...held.keys()], known, list, accountGrace),
        scopesOf: (key) => (held.get(key) ?? []).map(({ scope }) => scope),
      }
    }
    const first = await plan(store.db)
    for (const { key, why } of first.gone) {
      for (const scope of first.scopesOf(key)) {
        await tell.change(await emptyScope(deps, scope, { why: `${matter.what}-${why}`, listedAt }))
      }
    }
    const records = await store.withLock('accounts', async (trx) => {
      const now = await plan(trx)
      // Somebody else settled a list meanwhile: what is due by both is done with the next.
      if (now.gone.some(({ key }) => !first.gone.some((one) => one.key === key))) return []
      const events = recordsOf(matter, now)
      await putInOutbox(trx, events)
      const forgotten = now.forgotten.flatMap(now.scopesOf)
      if (forgotten.length > 0) await trx.deleteFrom('scopes').where('scope', 'in', forgotten).execute()
      await writeAbsences(trx, matter, now.known)
      return events
    })
    await tell.records(records.length)
    return first.heldBack.length
  }

  return {
    async settleAccounts(listing) {
      // An organisation has at least the account that lists it: an empty list is a fault.
      if (listing.ids.length === 0) return 0
      return settle(ACCOUNTS, { listedAt: listing.listedAt, wordOf: wordOfAccounts(listing) })
    },
    settleRegions: (listing) => settle(REGIONS, { listedAt: listing.listedAt, wordOf: wordOfRegions(listing) }),
  }
}

/** An event may bring back what went before a list does; should it leave once more, that is another departure. */
function withoutReturned({ listedAt, absent }: Absences, held: ReadonlyMap<string, readonly HeldScope[]>): Absences {
  const isBack = (key: string) => held.get(key)?.some(({ state }) => state !== 'gone')
  const kept = Object.entries(absent).filter(([key, { goneAt }]) => goneAt === undefined || !isBack(key))
  return { listedAt, absent: Object.fromEntries(kept) }
}

function recordsOf({ what }: Matter, { gone, heldBack, known: { absent } }: DeparturePlan): AuditEvent[] {
  const base = { actor: 'system:discovery', source: 'fact' } as const
  const events = gone.map(({ key, why }: Departure): AuditEvent => {
    const since = absent[key]?.since
    const data = { why, ...(since === undefined ? {} : { absentSince: new Date(since).toISOString() }) }
    const scope = what === 'region' ? { scope: parseScope(key) } : {}
    return { ...base, kind: `discovery.${what}-gone`, subject: key, ...scope, data }
  })
  if (heldBack.length > 0) {
    const data = { count: heldBack.length, first: heldBack.slice(0, 20) }
    events.push({ ...base, kind: 'discovery.held-back', subject: `removals of ${what}s`, data })
  }
  return events
}

async function readAbsences(db: Database, { row }: Matter): Promise<Absences> {
  const kept = await db.selectFrom('accounts_known').select('known').where('id', '=', row).executeTakeFirst()
  return kept ? JSON.parse(kept.known) : { listedAt: 0, absent: {} }
}

async function writeAbsences(trx: Database, { row: id }: Matter, known: Absences): Promise<void> {
  const row = { id, known: JSON.stringify(known) }
  await trx
    .insertInto('accounts_known')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
}
