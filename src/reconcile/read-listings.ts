import type { AccountListing } from '../model/account-listing.ts'
import type { RegionListing } from '../model/region-listing.ts'
import { parseScope } from '../model/scope.ts'
import type { Word } from './plan-departures.ts'

/** What a list of accounts says of an account. */
export function wordOfAccounts({ ids, excluded }: AccountListing): (account: string) => Word {
  const listed = new Set(ids)
  const unwanted = new Set(excluded)
  return (account) => (listed.has(account) ? 'listed' : unwanted.has(account) ? 'excluded' : 'absent')
}

/** What a list of regions says of a scope. */
export function wordOfRegions({ by, sets }: RegionListing): (scope: string) => Word {
  const regionsOf = new Map(
    sets.flatMap(({ regions, accounts }) => {
      const all = new Set(regions)
      return accounts.map((account) => [account, all] as const)
    }),
  )
  return (scope) => {
    const { account, region } = parseScope(scope)
    const regions = regionsOf.get(account)
    if (!regions) return 'unsaid'
    if (regions.has(region)) return 'listed'
    return by === 'configuration' ? 'excluded' : 'absent'
  }
}
