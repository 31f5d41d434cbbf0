import { DescribeRegionsCommand } from '@aws-sdk/client-ec2'
import { type Account, ListAccountsCommand } from '@aws-sdk/client-organizations'
import pLimit from 'p-limit'
import type { Aws } from '../aws/aws.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AccountListing } from '../model/account-listing.ts'
import type { RegionListing } from '../model/region-listing.ts'
import { partitionOf, type Scope } from '../model/scope.ts'
import { isClosed } from './closed-accounts.ts'
import { DISCOVERY } from './observe.ts'

/** DescribeRegions at the same time, each in an account of its own. */
const REGION_CALLS = 16

export type KnownAccount = { id: string; name?: string; tenant: string; closed: boolean }

/** Which accounts and regions there are. Answers from memory between refreshes; a refresh that fails keeps the last answer. */
export type Directory = {
  refresh(): Promise<void>
  /** All accounts that the last refresh found; undefined before the first. */
  listing(): AccountListing | undefined
  /** When the accounts were listed last, ms since 1970; minus infinity before that. */
  refreshedAt(): number
  account(id: string): KnownAccount | undefined
  /** Every enabled region of every account; of one that is closed or does not answer, the regions configured or known before. */
  scopes(): Promise<Scope[]>
  /** What the accounts said of their regions when the scopes were asked for last; undefined before the first time. */
  regionListing(): RegionListing | undefined
  /** Undefined for an account that is not ours, and for a region that nobody shall look at: their events are not looked at. */
  scopeOf(account: string, region: string): Scope | undefined
}

export function createDirectory({
  aws,
  tenant,
  clock,
  log,
}: {
  aws: Aws
  tenant: string
  clock: Clock
  log: Log
}): Directory {
  const { settings } = aws
  const partition = partitionOf(settings.homeRegion)
  let accounts = new Map<string, KnownAccount>()
  const regions = new Map<string, readonly string[]>()
  let listing: AccountListing | undefined
  let regionListing: RegionListing | undefined
  let refreshedAt = Number.NEGATIVE_INFINITY

  const listAccounts = async (): Promise<KnownAccount[]> => {
    if (settings.accounts !== 'organization') {
      return settings.accounts.map((one) => ({
        id: one.id,
        tenant: one.tenant ?? tenant,
        closed: false,
        ...(one.name ? { name: one.name } : {}),
      }))
    }
    const keys = settings.organizationRole ? await aws.assume(settings.organizationRole, DISCOVERY) : undefined
    const client = aws.organizations(keys)
    const found: Account[] = []
    let token: string | undefined
    do {
      const answer = await client.send(new ListAccountsCommand(token ? { NextToken: token } : {}))
      found.push(...(answer.Accounts ?? []))
      token = answer.NextToken
    } while (token)
    client.destroy()
    return found.flatMap((one) =>
      one.Id ? [{ id: one.Id, tenant, closed: isClosed(one), ...(one.Name ? { name: one.Name } : {}) }] : [],
    )
  }

  const listRegions = async (account: KnownAccount): Promise<readonly string[]> => {
    const scope: Scope = { tenant: account.tenant, partition, account: account.id, region: settings.homeRegion }
    const visit = await aws.visit(scope, 'read', DISCOVERY)
    await visit.turn()
    const { Regions } = await visit.ec2.send(new DescribeRegionsCommand({ AllRegions: false }))
    const names = (Regions ?? []).flatMap((region) => region.RegionName ?? []).sort()
    if (!names.includes(settings.homeRegion)) throw new Error('the list lacks the region that gave it')
    return names
  }

  /** The accounts that answered. */
  const learnRegions = async (): Promise<string[]> => {
    const limit = pLimit(REGION_CALLS)
    const open = [...accounts.values()].filter(({ closed }) => !closed)
    const answered = open.map((account) =>
      limit(async () => {
        try {
          regions.set(account.id, await listRegions(account))
          return account.id
        } catch (error) {
          log.warn({ account: account.id, reason: reasonOf(error) }, 'the regions of an account could not be listed')
          if (!regions.has(account.id)) regions.set(account.id, [settings.homeRegion])
          return []
        }
      }),
    )
    return (await Promise.all(answered)).flat()
  }

  const scopesOf = ({ id, tenant: owner }: KnownAccount, names: readonly string[]): Scope[] =>
    names.map((region) => ({ tenant: owner, partition, account: id, region }))

  return {
    async refresh() {
      const listedAt = clock.now()
      const listed = (await listAccounts()).filter((one) => !settings.exclude.includes(one.id))
      accounts = new Map(listed.map((account) => [account.id, account]))
      listing = { listedAt, ids: [...accounts.keys()], excluded: settings.exclude }
      refreshedAt = clock.now()
      log.debug({ accounts: accounts.size }, 'accounts listed')
    },
    listing: () => listing,
    refreshedAt: () => refreshedAt,
    account: (id) => accounts.get(id),
    async scopes() {
      const listedAt = clock.now()
      const all = [...accounts.values()]
      const configured = settings.regions
      if (configured !== 'enabled') {
        const sets = [{ regions: configured, accounts: all.map(({ id }) => id) }]
        regionListing = { listedAt, by: 'configuration', sets }
        return all.flatMap((account) => scopesOf(account, configured))
      }
      const answered = await learnRegions()
      regionListing = { listedAt, by: 'aws', sets: setsOf(answered, regions) }
      return all.flatMap((account) => scopesOf(account, regions.get(account.id) ?? []))
    },
    regionListing: () => regionListing,
    scopeOf(id, region) {
      const account = accounts.get(id)
      const isLookedAt = settings.regions === 'enabled' || settings.regions.includes(region)
      return account && isLookedAt
        ? { tenant: account.tenant, partition: partitionOf(region), account: id, region }
        : undefined
    },
  }
}

/** Accounts with the same regions in one set. */
function setsOf(accounts: readonly string[], regions: ReadonlyMap<string, readonly string[]>): RegionListing['sets'] {
  const alike = Map.groupBy(accounts, (account) => (regions.get(account) ?? []).join())
  return [...alike].map(([names, ids]) => ({ regions: names.split(','), accounts: ids }))
}
