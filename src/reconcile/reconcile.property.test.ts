import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { silentLog } from '../kernel/log.ts'
import { type Instance, type InstanceState, isEnded } from '../model/instance.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { createApplier } from './apply-observation.ts'
import { cutIntoPages } from './assemble-pages.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }
const PROOF = 60_000
const idOf = (n: number) => `i-${n.toString(16).padStart(17, '0')}`

let store: Store
beforeAll(async () => {
  store = await openSqlite(':memory:')
})
afterAll(() => store.close())

/** EC2 as it is, with its whole past: an observation may be answered from any moment of it. */
type World = { at: number; instances: Map<number, InstanceState> }

const instanceOf = (n: number, state: InstanceState): Instance => ({
  id: idOf(n),
  state,
  platform: 'linux',
  imageId: 'ami-1',
  instanceType: 't3.nano',
  availabilityZone: 'eu-west-1a',
  launchedAt: 0,
  privateIp: `10.0.0.${n}`,
  tags: { Name: `host-${n % 3}` },
})

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('launch' as const), n: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('terminate' as const), n: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stop' as const), n: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('forget' as const), n: fc.nat(3) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('look' as const), n: fc.nat(3), stale: fc.nat(20), crash: fc.nat(3) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('list' as const),
      stale: fc.nat(20),
      complete: fc.boolean(),
      short: fc.boolean(),
      pages: fc.boolean(),
      replay: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 61_000) }) },
)

describe('the laws of the reconciler', () => {
  test('no wrong removal, no resurrection, and equal after two sweeps, whatever is lost, doubled, late or short', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
        await reset()
        let now = 1_000_000
        const clock = { now: () => now, sleep: async () => undefined }
        const { apply } = createApplier({
          log: silentLog,
          store,
          catalogue: builtInCatalogue(() => ({ tags: [], persons: [] })),
          clock,
          connections: connectionSettings.parse({}),
          absenceProof: PROOF,
        })
        const current = new Map<number, InstanceState>()
        const forgotten = new Set<number>()
        const everEnded = new Set<string>()
        const seenAt = new Map<string, number>()
        const history: World[] = []
        const remember = () => history.push({ at: now, instances: new Map(current) })
        remember()
        const moment = (back: number) =>
          history.at(-1 - Math.min(back, history.length - 1)) ?? { at: now, instances: current }
        const recent = (back: number) =>
          history.findLast((then, at) => at <= history.length - 1 - back && now - then.at < 30_000)?.instances ??
          current
        const observation = (
          kind: Observation['kind'],
          instances: Instance[],
          asked: string[],
          complete: boolean,
        ): Observation => ({
          scope,
          kind,
          begunAt: now,
          attempt: 0,
          page: 1,
          pages: 1,
          complete,
          asked,
          instances,
          ...(complete ? {} : { reason: 'failed' }),
        })
        const queue: Observation[] = []

        for (const one of steps) {
          now += 1
          if (one.do === 'launch' && !current.has(one.n)) current.set(one.n, 'running')
          if (one.do === 'stop' && current.get(one.n) === 'running') current.set(one.n, 'stopped')
          if (one.do === 'terminate' && current.has(one.n)) current.set(one.n, 'terminated')
          if (one.do === 'forget' && current.get(one.n) === 'terminated') forgotten.add(one.n)
          if (one.do === 'wait') now += one.ms
          remember()
          if (one.do === 'look') {
            const state = moment(one.stale).instances.get(one.n)
            const seen = state && !forgotten.has(one.n) ? [instanceOf(one.n, state)] : []
            const look = observation('ids', seen, [idOf(one.n)], true)
            // A crash before applying loses it, one after doubles it, one in between rolls it back.
            if (one.crash === 1) continue
            if (one.crash === 2) queue.push(look)
            await apply(look)
          }
          if (one.do === 'list') {
            // EC2 is eventually consistent: a complete listing may be half a minute old. Only one that says so may be short.
            const world = one.complete ? recent(one.stale) : moment(one.stale).instances
            const all = [...world].filter(([n]) => !forgotten.has(n)).map(([n, state]) => instanceOf(n, state))
            const shown = !one.complete && one.short ? all.slice(0, Math.floor(all.length / 2)) : all
            const listing = observation('listing', shown, [], one.complete)
            const parts = one.pages ? cutIntoPages(listing, 600).reverse() : [listing]
            for (const part of parts) await apply(part)
            if (one.replay) queue.push(listing)
          }
          await inspect()
        }
        for (const late of queue) {
          await apply(late)
          await inspect()
        }
        for (let round = 0; round < 3; round += 1) {
          now += PROOF + 1
          const all = [...current].filter(([n]) => !forgotten.has(n)).map(([n, state]) => instanceOf(n, state))
          await apply(observation('listing', all, [], true))
          await inspect()
        }
        const alive = [...current].filter(([, state]) => !isEnded(state)).map(([n]) => idOf(n))
        expect(await held()).toEqual(alive.sort())
        now += 1
        const again = await apply(
          observation(
            'listing',
            [...current].filter(([n]) => !forgotten.has(n)).map(([n, state]) => instanceOf(n, state)),
            [],
            true,
          ),
        )
        expect(again).toMatchObject({ put: 0, removed: 0 })

        async function inspect() {
          const ids = new Set(await held())
          for (const id of everEnded) expect(ids.has(id), `${id} came back`).toBe(false)
          const rows = await store.db.selectFrom('instances').select(['id', 'ended_at', 'seen_at']).execute()
          for (const row of rows) {
            const state = current.get(Number.parseInt(row.id.slice(2), 16))
            expect(row.seen_at, `${row.id} went back in time`).toBeGreaterThanOrEqual(seenAt.get(row.id) ?? 0)
            seenAt.set(row.id, row.seen_at)
            if (row.ended_at !== null) {
              expect(state && isEnded(state), `${row.id} was removed while ${state}`).toBe(true)
              everEnded.add(row.id)
            }
          }
        }
      }),
      { numRuns: Number(process.env['LAW_RUNS'] ?? 100) },
    )
  }, 180_000)

  test('removals by absence beyond the brake are held back, terminations seen are not', async () => {
    await reset()
    let now = 1_000
    const { apply } = createApplier({
      log: silentLog,
      store,
      catalogue: builtInCatalogue(() => ({ tags: [], persons: [] })),
      clock: { now: () => now, sleep: async () => undefined },
      connections: connectionSettings.parse({}),
      absenceProof: PROOF,
    })
    const list = (instances: Instance[]) => {
      now += PROOF + 1
      return apply({
        scope,
        kind: 'listing',
        begunAt: now,
        page: 1,
        pages: 1,
        complete: true,
        asked: [],
        attempt: 0,
        instances,
      })
    }
    const all = [...Array(40).keys()].map((n) => instanceOf(n, 'running'))
    await list(all)
    await list([])
    expect(await list([])).toMatchObject({ removed: 0, heldBack: 40 })
    const told = await store.db.selectFrom('trail_outbox').select('event').execute()
    expect(told.filter(({ event }) => JSON.parse(event).kind === 'discovery.held-back')).toHaveLength(1)
    expect(await list(all.map((one) => ({ ...one, state: 'terminated' as const })))).toMatchObject({ removed: 40 })
    expect(await held()).toEqual([])
  })
})

test('a tombstone is forgotten after a month, and not before', async () => {
  await reset()
  let now = 1_000
  const { apply } = createApplier({
    log: silentLog,
    store,
    catalogue: builtInCatalogue(() => ({ tags: [], persons: [] })),
    clock: { now: () => now, sleep: async () => undefined },
    connections: connectionSettings.parse({}),
    absenceProof: PROOF,
  })
  const list = (instances: Instance[]) =>
    apply({ scope, kind: 'listing', begunAt: now, page: 1, pages: 1, complete: true, asked: [], attempt: 0, instances })
  const tombstones = async () => (await store.db.selectFrom('instances').select('id').execute()).length
  await list([instanceOf(1, 'terminated')])
  now += 29 * 24 * 3_600_000
  await list([instanceOf(1, 'running')])
  expect([await tombstones(), await held()]).toEqual([1, []])
  now += 2 * 24 * 3_600_000
  await list([])
  expect(await tombstones()).toBe(0)
})

const held = async () =>
  (await store.db.selectFrom('connections').select('instance_id').orderBy('instance_id').execute()).map(
    (row) => row.instance_id,
  )

async function reset() {
  for (const table of ['instances', 'connections', 'scopes', 'observation_pages', 'trail_outbox'] as const) {
    await store.db.deleteFrom(table).execute()
  }
}
