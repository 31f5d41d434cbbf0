import { DescribeRegionsCommand } from '@aws-sdk/client-ec2'
import { type Account, ListAccountsCommand } from '@aws-sdk/client-organizations'
import pLimit from 'p-limit'
import type { Aws } from '../aws/aws.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AccountListing } from '../model/account-listing.ts'
import { partitionOf, type Scope } from '../model/scope.ts'
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
  /** Undefined for an account that is not ours: its events are not looked at. */
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
      one.Id ? [{ id: one.Id, tenant, closed: one.Status !== 'ACTIVE', ...(one.Name ? { name: one.Name } : {}) }] : [],
    )
  }

  const listRegions = async (account: KnownAccount): Promise<readonly string[]> => {
    if (settings.regions !== 'enabled') return settings.regions
    const scope: Scope = { tenant: account.tenant, partition, account: account.id, region: settings.homeRegion }
    const visit = await aws.visit(scope, 'read', DISCOVERY)
    await visit.turn()
    const { Regions } = await visit.ec2.send(new DescribeRegionsCommand({ AllRegions: false }))
    return (Regions ?? []).flatMap((region) => region.RegionName ?? [])
  }

  const learnRegions = async (account: KnownAccount): Promise<void> => {
    const found = await listRegions(account).catch((error: unknown) => {
      log.warn({ account: account.id, reason: reasonOf(error) }, 'the regions of an account could not be listed')
      return regions.get(account.id) ?? [settings.homeRegion]
    })
    regions.set(account.id, found)
  }

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
      const limit = pLimit(REGION_CALLS)
      const all = [...accounts.values()]
      await Promise.all(all.filter(({ closed }) => !closed).map((account) => limit(learnRegions, account)))
      const known = (id: string) => (settings.regions === 'enabled' ? regions.get(id) : settings.regions) ?? []
      return all.flatMap(({ id, tenant: owner }) =>
        known(id).map((region) => ({ tenant: owner, partition, account: id, region })),
      )
    },
    scopeOf(id, region) {
      const account = accounts.get(id)
      return account ? { tenant: account.tenant, partition: partitionOf(region), account: id, region } : undefined
    },
  }
}
