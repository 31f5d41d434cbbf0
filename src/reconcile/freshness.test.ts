import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Observation } from '../model/observation.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { noteFreshness, stateNow } from './freshness.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }
const HOUR = 3_600_000
const observation = (more: Partial<Observation>): Observation => ({
  scope,
  kind: 'listing',
  begunAt: 1_000,
  page: 1,
  pages: 1,
  complete: true,
  asked: [],
  instances: [],
  attempt: 0,
  ...more,
})

let store: Store
beforeAll(async () => {
  store = await openSqlite(':memory:')
})
afterAll(() => store.close())

const note = async (more: Partial<Observation>, now: number, drift = 0) => {
  await noteFreshness(store.db, { observation: observation(more), drift, heldBack: 0, now })
  return store.db.selectFrom('scopes').selectAll().where('scope', '=', formatScope(scope)).executeTakeFirstOrThrow()
}

test('what an account and region went through is written down, and a failure changes the state alone', async () => {
  expect(await note({ kind: 'ids' }, 500)).toMatchObject({ state: 'never', last_event_at: 500, last_sweep_at: null })
  expect(await note({ begunAt: 1_000 }, 1_500, 3)).toMatchObject({ state: 'fresh', last_sweep_at: 1_000, drift: 3 })
  const denied = await note({ begunAt: 2_000, complete: false, reason: 'denied' }, 2_500)
  expect(denied).toMatchObject({
    state: 'denied',
    detail: 'denied',
    last_event_at: 500,
    last_sweep_at: 1_000,
    drift: 3,
  })
  expect(await note({ kind: 'ids', begunAt: 3_000 }, 3_500)).toMatchObject({ state: 'fresh', last_event_at: 3_500 })
})

test('to look again at an id that AWS does not know yet is no event', async () => {
  expect(await note({ kind: 'ids', begunAt: 9_000, attempt: 2 }, 9_500)).toMatchObject({ last_event_at: 3_500 })
})

test('fresh is a promise with an end: without a sweep it is stale, and other states stay what they are', () => {
  const times = { now: 10 * HOUR, staleAfter: HOUR }
  const swept = (last_sweep_at: number | null) => ({ state: 'fresh' as const, last_sweep_at })
  expect(stateNow(swept(9.5 * HOUR), times)).toBe('fresh')
  expect(stateNow(swept(8.5 * HOUR), times)).toBe('stale')
  expect(stateNow({ state: 'denied', last_sweep_at: 0 }, times)).toBe('denied')
  expect(stateNow({ state: 'never', last_sweep_at: null }, times)).toBe('never')
})
