import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { Instance } from '../model/instance.ts'
import type { RegionListing } from '../model/region-listing.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { createApplier } from './apply-observation.ts'
import { createDepartures } from './departures.ts'

const HOUR = 3_600_000
const GRACE = 24 * HOUR
const accountOf = (n: number) => String(n).padStart(12, '0')
const [stays, left] = [accountOf(1), accountOf(2)]
const HERE = 'eu-west-1'
const THERE = 'af-south-1'

const scopeOf = (account: string, region: string): Scope => ({ tenant: 'acme', partition: 'aws', account, region })
const instance: Instance = {
  id: 'i-0123456789abcdef0',
  state: 'running',
  platform: 'linux',
  imageId: 'ami-1',
  instanceType: 't3.nano',
  availabilityZone: 'eu-west-1a',
  launchedAt: 0,
  privateIp: '10.0.0.1',
  tags: {},
}
const catalogue = builtInCatalogue(() => ({ tags: [], persons: [] }))
let store: Store
let told: string[]
beforeEach(async () => {
  store = await openSqlite(':memory:')
  told = []
  store.notify.subscribe('instance-gone', ({ scope, instanceId }) => told.push(`${scope} ${instanceId}`))
})
afterEach(() => store.close())

const applier = () =>
  createApplier({
    store,
    catalogue,
    clock: { now: () => 5_000, sleep: async () => undefined },
    log: silentLog,
    connections: connectionSettings.parse({}),
    absenceProof: 60_000,
  })
const observe = (account: string, begunAt: number, region = HERE) =>
  applier().apply({
    scope: scopeOf(account, region),
    kind: 'listing',
    begunAt,
    page: 1,
    pages: 1,
    complete: true,
    attempt: 0,
    asked: [],
    instances: [instance],
  })
const departures = (of = store) => createDepartures({ store: of, catalogue, accountGrace: GRACE })
const accountsOf = async (table: 'connections' | 'scopes') =>
  (await store.db.selectFrom(table).select('account').orderBy('account').execute()).map((row) => row.account)
const records = async (kind: string) => {
  const rows = await store.db.selectFrom('trail_outbox').select('event').orderBy('id').execute()
  return rows.map(({ event }): AuditEvent => JSON.parse(event)).filter((event) => event.kind === kind)
}

/** Dies before it has written down what it did. */
const crashing = (): Store => ({
  ...store,
  withLock: (key, work) => (key === 'accounts' ? Promise.reject(new Error('crash')) : store.withLock(key, work)),
})

describe('what an account that left had', () => {
  beforeEach(async () => {
    for (const account of [stays, left]) await observe(account, 1)
  })
  const settle = (hours: number, ids: string[], excluded: string[] = []) =>
    departures().settleAccounts({ listedAt: hours * HOUR, ids, excluded })

  test('goes after the grace, told to sessions and trail; its state is shown for a week', async () => {
    await settle(1, [stays])
    await settle(10, [stays])
    expect(await accountsOf('connections')).toEqual([stays, left])
    await settle(26, [stays])
    expect(await accountsOf('connections')).toEqual([stays])
    expect(told).toEqual([`acme/aws/${left}/eu-west-1 ${instance.id}`])
    expect(await records('discovery.removed')).toMatchObject([
      { subject: instance.id, scope: { account: left }, data: { why: 'account-absent' } },
    ])
    const gone = { subject: left, data: { why: 'absent', absentSince: '1970-01-01T01:00:00.000Z' } }
    expect(await records('discovery.account-gone')).toMatchObject([gone])
    const state = store.db.selectFrom('scopes').select('state').where('account', '=', left)
    expect(await state.executeTakeFirst()).toEqual({ state: 'gone' })
    await settle(27, [stays])
    expect(await records('discovery.account-gone')).toHaveLength(1)
    await settle(26 + 7 * 24, [stays])
    expect(await accountsOf('scopes')).toEqual([stays])
  })

  test('comes back with it, and nothing that was observed before brings it back', async () => {
    await settle(1, [stays])
    await settle(26, [stays])
    await observe(left, 20 * HOUR)
    expect(await accountsOf('connections')).toEqual([stays])
    await settle(30, [stays, left])
    await observe(left, 31 * HOUR)
    expect(await accountsOf('connections')).toEqual([stays, left])
    await settle(40, [stays])
    await settle(50, [stays])
    expect(await accountsOf('connections')).toEqual([stays, left])
  })

  test('is gone after a crash in between as well', async () => {
    await settle(1, [stays])
    const listing = { listedAt: 26 * HOUR, ids: [stays], excluded: [] }
    await expect(departures(crashing()).settleAccounts(listing)).rejects.toThrow('crash')
    await settle(27, [stays])
    expect(await accountsOf('connections')).toEqual([stays])
    expect(await records('discovery.removed')).toHaveLength(1)
    expect(await records('discovery.account-gone')).toHaveLength(1)
  })

  test('goes at once when the configuration excludes it', async () => {
    await settle(1, [stays], [left])
    expect(await accountsOf('connections')).toEqual([stays])
    expect(await records('discovery.account-gone')).toMatchObject([{ data: { why: 'excluded' } }])
  })
  test('stays when many left at once, and how many is told', async () => {
    const all = Array.from({ length: 15 }, (_, n) => accountOf(n + 3))
    for (const account of all) await observe(account, 1)
    const listing = { ids: [stays], excluded: [] }
    expect(await departures().settleAccounts({ ...listing, listedAt: HOUR })).toBe(0)
    expect(await departures().settleAccounts({ ...listing, listedAt: 30 * HOUR })).toBe(16)
    expect(await accountsOf('connections')).toEqual([stays, left, ...all])
    expect(await records('discovery.held-back')).toMatchObject([
      { subject: 'removals of accounts', data: { count: 16 } },
    ])
  })

  test('stays when a list names nobody: an organisation has at least the account that lists it', async () => {
    await settle(1, [])
    await settle(30, [])
    expect(await accountsOf('connections')).toEqual([stays, left])
  })
})

describe('what a region that was switched off had', () => {
  beforeEach(async () => {
    for (const account of [stays, left]) await observe(account, 1)
    await observe(left, 1, THERE)
  })
  const settle = (hours: number, sets: RegionListing['sets'], by: RegionListing['by'] = 'aws') =>
    departures().settleRegions({ listedAt: hours * HOUR, by, sets })
  const both = { regions: [HERE, THERE], accounts: [stays] }
  const regionsOf = async (account: string) =>
    (await store.db.selectFrom('connections').select('region').where('account', '=', account).execute())
      .map((row) => row.region)
      .sort()

  test('goes after the grace, told to sessions and trail; its state is shown for a week', async () => {
    const off = [both, { regions: [HERE], accounts: [left] }]
    await settle(1, off)
    await settle(24, off)
    expect(await regionsOf(left)).toEqual([THERE, HERE])
    await settle(25, off)
    expect(await regionsOf(left)).toEqual([HERE])
    expect(await regionsOf(stays)).toEqual([HERE])
    const scope = scopeOf(left, THERE)
    expect(told).toEqual([`${formatScope(scope)} ${instance.id}`])
    expect(await records('discovery.removed')).toMatchObject([
      { subject: instance.id, scope, data: { why: 'region-absent' } },
    ])
    const gone = {
      subject: formatScope(scope),
      scope,
      data: { why: 'absent', absentSince: '1970-01-01T01:00:00.000Z' },
    }
    expect(await records('discovery.region-gone')).toMatchObject([gone])
    const row = store.db.selectFrom('scopes').select(['state', 'detail']).where('scope', '=', formatScope(scope))
    expect(await row.executeTakeFirst()).toEqual({ state: 'gone', detail: 'region-absent' })
    await settle(25 + 7 * 24, off)
    expect(await row.executeTakeFirst()).toBeUndefined()
    expect(await records('discovery.region-gone')).toHaveLength(1)
  })

  test('stays while the account does not answer, however long that is', async () => {
    await settle(1, [both, { regions: [HERE], accounts: [left] }])
    for (const hours of [24, 48, 500]) await settle(hours, [both])
    expect(await regionsOf(left)).toEqual([THERE, HERE])
  })

  test('stays when a list between two that lack it has it', async () => {
    const off = [{ regions: [HERE], accounts: [left] }]
    await settle(1, off)
    await settle(10, [{ ...both, accounts: [left] }])
    await settle(30, off)
    expect(await regionsOf(left)).toEqual([THERE, HERE])
  })

  test('goes with the next list when the configuration no longer names it', async () => {
    await settle(1, [{ regions: [HERE], accounts: [stays, left] }], 'configuration')
    expect(await regionsOf(left)).toEqual([HERE])
    expect(await records('discovery.region-gone')).toMatchObject([{ data: { why: 'excluded' } }])
  })

  test('comes back with it, and may leave once more', async () => {
    const [off, on] = [[{ regions: [HERE], accounts: [left] }], [{ regions: [HERE, THERE], accounts: [left] }]]
    await settle(1, off)
    await settle(30, off)
    await observe(left, 20 * HOUR, THERE)
    expect(await regionsOf(left)).toEqual([HERE])
    await settle(31, on)
    await observe(left, 32 * HOUR, THERE)
    expect(await regionsOf(left)).toEqual([THERE, HERE])
    await settle(40, off)
    await settle(70, off)
    expect(await regionsOf(left)).toEqual([HERE])
  })

  test('that an event brought back before any list did leaves again after the grace', async () => {
    const off = [{ regions: [HERE], accounts: [left] }]
    await settle(1, off)
    await settle(30, off)
    await observe(left, 31 * HOUR, THERE)
    await settle(32, off)
    expect(await regionsOf(left)).toEqual([THERE, HERE])
    await settle(60, off)
    expect(await regionsOf(left)).toEqual([HERE])
    expect(await records('discovery.region-gone')).toHaveLength(2)
  })

  test('is gone after a crash in between as well', async () => {
    const sets = [{ regions: [HERE], accounts: [left] }]
    await settle(1, sets)
    const listing = { listedAt: 26 * HOUR, by: 'aws', sets } as const
    await expect(departures(crashing()).settleRegions(listing)).rejects.toThrow('crash')
    await settle(27, sets)
    expect(await regionsOf(left)).toEqual([HERE])
    expect(await records('discovery.removed')).toHaveLength(1)
    expect(await records('discovery.region-gone')).toHaveLength(1)
  })
})
