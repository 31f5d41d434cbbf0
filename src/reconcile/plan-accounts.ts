import type { AccountListing } from '../model/account-listing.ts'
import { BRAKE } from './plan.ts'

/** An account that a listing lacked: since when, and when its rows went. */
export type Absence = { since: number; goneAt?: number }

/** What is kept from one listing of accounts to the next. */
export type AccountsKnown = { listedAt: number; absent: Readonly<Record<string, Absence>> }

export type AccountPlan = {
  known: AccountsKnown
  /** Their rows go now. */
  gone: { account: string; why: 'absent' | 'excluded' }[]
  /** Gone so long that nothing is said of them any more. */
  forgotten: string[]
  /** Absent long enough, but too many at once. */
  heldBack: string[]
}

/** How long the state of an account that went is still told. */
const TOLD_MS = 7 * 24 * 3_600_000

/**
 * The laws of instances, for accounts: two complete listings that far apart, nothing because of one alone or of an old one, never many at
 * once. An account that the configuration excludes by name goes at once: that is a person's word. Pure.
 */
export function planAccounts(
  held: readonly string[],
  before: AccountsKnown,
  listing: AccountListing,
  { accountGrace }: { accountGrace: number },
): AccountPlan {
  const { listedAt } = listing
  const nothing = { known: before, gone: [], forgotten: [], heldBack: [] }
  // An organisation has at least the account that lists it: an empty list is a fault.
  if (listedAt <= before.listedAt || listing.ids.length === 0) return nothing
  const listed = new Set(listing.ids)
  const excluded = new Set(listing.excluded)
  const absent: Record<string, Absence> = {}
  const proven: string[] = []
  const gone: AccountPlan['gone'] = []
  const forgotten: string[] = []
  for (const account of held.filter((id) => !listed.has(id))) {
    const known = before.absent[account]
    absent[account] = known ?? { since: listedAt }
    if (known?.goneAt !== undefined) {
      if (listedAt - known.goneAt >= TOLD_MS) forgotten.push(account)
    } else if (excluded.has(account)) gone.push({ account, why: 'excluded' })
    else if (known && listedAt - known.since >= accountGrace) proven.push(account)
  }
  const isMany = proven.length > BRAKE.count && proven.length > held.length * BRAKE.share
  if (!isMany) gone.push(...proven.map((account) => ({ account, why: 'absent' as const })))
  for (const { account } of gone) absent[account] = { since: absent[account]?.since ?? listedAt, goneAt: listedAt }
  for (const account of forgotten) delete absent[account]
  return { known: { listedAt, absent }, gone, forgotten, heldBack: isMany ? proven : [] }
}
