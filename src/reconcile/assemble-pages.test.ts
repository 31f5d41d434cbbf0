import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Instance } from '../model/instance.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { assemble, cutIntoPages } from './assemble-pages.ts'
import { reportMessages } from './report-messages.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }
const DAY_MS = 24 * 3_600_000
const idOf = (n: number) => `i-${n.toString(16).padStart(17, '0')}`
const instance = (n: number): Instance => ({
  id: idOf(n),
  state: 'running',
  platform: 'linux',
  imageId: 'ami-1',
  instanceType: 't3.nano',
  availabilityZone: 'eu-west-1a',
  launchedAt: 0,
  tags: { Name: 'ü'.repeat(200) },
})
const listing = (count: number, more: Partial<Observation> = {}): Observation => ({
  scope,
  kind: 'listing',
  begunAt: 1_000,
  page: 1,
  pages: 1,
  complete: true,
  asked: [],
  instances: [...Array(count).keys()].map(instance),
  attempt: 0,
  ...more,
})

let store: Store
beforeAll(async () => {
  store = await openSqlite(':memory:')
})
beforeEach(() => store.db.deleteFrom('observation_pages').execute())
afterAll(() => store.close())

const add = (part: Observation | undefined, now = 2_000) => {
  if (!part) throw new Error('there is no such page')
  return assemble(store.db, part, now)
}
const waiting = () => store.db.selectFrom('observation_pages').select(['begun_at', 'page']).execute()

test('no message is over 200 KB, however many ids were asked for', () => {
  const asked = [...Array(1_000).keys()].map(idOf)
  const bodies = reportMessages({ observation: listing(2_000, { kind: 'ids', asked }) })
  expect(bodies.length).toBeGreaterThan(4)
  expect(bodies.filter((body) => Buffer.byteLength(body) > 200 * 1024)).toEqual([])
})

test('pages are one observation again, in whatever order and however often they come', async () => {
  const whole = listing(2_000)
  const pages = cutIntoPages(whole)
  const [first, ...others] = pages.reverse()
  for (const page of others) {
    expect(await add(page)).toBeUndefined()
    expect(await add(page)).toBeUndefined()
  }
  const seen = await add(first)
  expect(seen?.instances.map((one) => one.id)).toEqual(whole.instances.map((one) => one.id))
  expect(await waiting()).toEqual([])
})

test('one incomplete page makes the whole incomplete', async () => {
  const [first, second] = cutIntoPages(listing(2), 700)
  await add(first && { ...first, complete: false })
  expect(await add(second)).toMatchObject({ complete: false, pages: 1 })
})

test('a set that never becomes whole goes with the next complete listing, of however many pages', async () => {
  const [lonely] = cutIntoPages(listing(2), 700)
  await add(lonely)
  await add(listing(1, { begunAt: 1_500, complete: false }))
  await add(listing(1, { begunAt: 1_500, kind: 'ids' }))
  expect(await waiting()).toHaveLength(1)
  await add(listing(1, { begunAt: 1_500 }))
  expect(await waiting()).toEqual([])
})

test('where no listing is ever complete it goes when the rest cannot come any more', async () => {
  const [lonely] = cutIntoPages(listing(2), 700)
  await add(lonely)
  await add(listing(1, { begunAt: 1_500, complete: false }), 3 * DAY_MS)
  expect(await waiting()).toHaveLength(1)
  await add(listing(1, { begunAt: 1_600, complete: false }), 6 * DAY_MS)
  expect(await waiting()).toEqual([])
})

test('two observations that began in the same millisecond do not mix their pages', async () => {
  const [mine, ours] = ['a', 'b'].map((id) => cutIntoPages(listing(2, { id }), 700))
  const others = cutIntoPages(
    listing(2, { id: 'c', kind: 'ids', complete: false, instances: [instance(7), instance(8)] }),
    700,
  )
  expect(await add(mine?.[0])).toBeUndefined()
  expect(await add(others[1])).toBeUndefined()
  expect(await add(ours?.[1])).toBeUndefined()
  const seen = await add(others[0])
  expect(seen?.instances.map((one) => one.id)).toEqual([idOf(7), idOf(8)])
  expect(await waiting()).toHaveLength(2)
  expect((await add(mine?.[1]))?.instances.map((one) => one.id)).toEqual([idOf(0), idOf(1)])
})
