import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { Instance } from '../model/instance.ts'
import type { Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { createApplier } from './apply-observation.ts'
import { type AccountsKnown, planAccounts } from './plan-accounts.ts'
import { createAccountKeeper } from './retire-accounts.ts'

const HOUR = 3_600_000
const GRACE = 24 * HOUR
const nobody: AccountsKnown = { listedAt: 0, absent: {} }
const accountOf = (n: number) => String(n).padStart(12, '0')

describe('the laws of accounts', () => {
  const held = [1, 2, 3].map(accountOf)
  const listings = fc.array(
    fc.record({
      // Hours after the start; some come late, some twice.
      at: fc.integer({ min: 1, max: 200 }),
      ids: fc.subarray([1, 2, 3, 4].map(accountOf)),
    }),
    { maxLength: 40 },
  )

  test('nobody goes who was on a list less than the grace before, whatever order the lists come in', () => {
    fc.assert(
      fc.property(listings, (all) => {
        let known = nobody
        const applied: typeof all = []
        for (const listing of all) {
          const plan = planAccounts(
            held,
            known,
            { listedAt: listing.at * HOUR, ids: listing.ids, excluded: [] },
            { accountGrace: GRACE },
          )
          if (listing.at * HOUR > known.listedAt && listing.ids.length > 0) applied.push(listing)
          for (const { account } of plan.gone) {
            const lacking = applied.slice(applied.findLastIndex(({ ids }) => ids.includes(account)) + 1)
            expect(lacking.length).toBeGreaterThanOrEqual(2)
            expect(((lacking.at(-1)?.at ?? 0) - (lacking[0]?.at ?? 0)) * HOUR).toBeGreaterThanOrEqual(GRACE)
          }
          known = plan.known
        }
      }),
      { numRuns: 300 },
    )
  })

  test('planning again after a plan gives nothing', () => {
    const rules = { accountGrace: GRACE }
    const first = planAccounts(held, nobody, { listedAt: HOUR, ids: [accountOf(1)], excluded: [] }, rules)
    const listing = { listedAt: 30 * HOUR, ids: [accountOf(1)], excluded: [] }
    const second = planAccounts(held, first.known, listing, rules)
    expect(second.gone.map(({ account }) => account)).toEqual([accountOf(2), accountOf(3)])
    expect(planAccounts(held, second.known, listing, rules).gone).toEqual([])
    expect(planAccounts(held, second.known, { ...listing, listedAt: 31 * HOUR }, rules).gone).toEqual([])
  })

  test('many at once are held back; those excluded by name go at once', () => {
    const many = Array.from({ length: 40 }, (_, n) => accountOf(n + 1))
    const known = { listedAt: HOUR, absent: Object.fromEntries(many.slice(1).map((id) => [id, { since: HOUR }])) }
    const listing = { listedAt: 30 * HOUR, ids: [accountOf(1)], excluded: [accountOf(7)] }
    const plan = planAccounts(many, known, listing, { accountGrace: GRACE })
    expect(plan.gone).toEqual([{ account: accountOf(7), why: 'excluded' }])
    expect(plan.heldBack).toHaveLength(38)
  })

  test('a list of nobody is no list', () => {
    const plan = planAccounts(held, nobody, { listedAt: HOUR, ids: [], excluded: [] }, { accountGrace: 0 })
    expect(plan.known).toBe(nobody)
  })
})

describe('the rows of an account that left', () => {
  const [stays, left] = [accountOf(1), accountOf(2)]
  const scopeOf = (account: string): Scope => ({ tenant: 'acme', partition: 'aws', account, region: 'eu-west-1' })
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
    for (const account of [stays, left]) await observe(account, 1)
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
  const observe = (account: string, begunAt: number) =>
    applier().apply({
      scope: scopeOf(account),
      kind: 'listing',
      begunAt,
      page: 1,
      pages: 1,
      complete: true,
      attempt: 0,
      asked: [],
      instances: [instance],
    })
  const settle = (hours: number, ids: string[], excluded: string[] = []) =>
    createAccountKeeper({ store, catalogue, accountGrace: GRACE }).settle({ listedAt: hours * HOUR, ids, excluded })
  const accountsOf = async (table: 'connections' | 'scopes') =>
    (await store.db.selectFrom(table).select('account').orderBy('account').execute()).map((row) => row.account)
  const records = async (kind: string) => {
    const rows = await store.db.selectFrom('trail_outbox').select('event').orderBy('id').execute()
    return rows.map(({ event }): AuditEvent => JSON.parse(event)).filter((event) => event.kind === kind)
  }

  test('go after the grace, told to sessions and trail; its state is shown for a week', async () => {
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

  test('come back with it, and nothing that was observed before brings them back', async () => {
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

  test('are gone after a crash in between as well', async () => {
    await settle(1, [stays])
    const crashing: Store = {
      ...store,
      withLock: (key, work) => (key === 'accounts' ? Promise.reject(new Error('crash')) : store.withLock(key, work)),
    }
    const listing = { listedAt: 26 * HOUR, ids: [stays], excluded: [] }
    const keeper = createAccountKeeper({ store: crashing, catalogue, accountGrace: GRACE })
    await expect(keeper.settle(listing)).rejects.toThrow('crash')
    await settle(27, [stays])
    expect(await accountsOf('connections')).toEqual([stays])
    expect(await records('discovery.removed')).toHaveLength(1)
    expect(await records('discovery.account-gone')).toHaveLength(1)
  })

  test('of one that the configuration excludes go at once', async () => {
    await settle(1, [stays], [left])
    expect(await accountsOf('connections')).toEqual([stays])
    expect(await records('discovery.account-gone')).toMatchObject([{ data: { why: 'excluded' } }])
  })
})
