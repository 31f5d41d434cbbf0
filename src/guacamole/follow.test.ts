import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createFakeCatalogue } from '../../test/fixtures/fake-catalogue.ts'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../test/fixtures/guacamole/connections.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { guacamoleErrors } from '../catalogue/guacamole/errors.ts'
import { silentLog } from '../kernel/log.ts'
import type { Connection } from '../model/connection.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createFollower } from './follow.ts'

let store: Store
beforeAll(async () => {
  store = await openSqlite(':memory:')
})
afterAll(() => store.close())

test('a target that was away has everything half a minute after it is back; discovery waits for nothing', async () => {
  const clock = createFakeClock()
  const target = createFakeCatalogue()
  const builtIn = builtInCatalogue(() => ({ tags: [], persons: [] }))
  const follower = createFollower({ store, builtIn, target, clock, log: silentLog, lookEvery: 900_000 })
  const stop = new AbortController()
  const running = follower.run(stop.signal)
  const observed = async (scope: Scope, wanted: Connection[]) => {
    await builtIn.write(store.db, scope, wanted, clock.now())
    await store.notify.publish('scope', { scope: formatScope(scope) })
  }
  const here = scopeOf('111122223333')
  const there = scopeOf('444455556666')
  const held = (ids: readonly Connection[]) =>
    vi.waitFor(() => expect([...target.held.keys()].sort()).toEqual(ids.map((one) => one.id).sort()))

  const first = connectionOf({ n: 1, scope: here })
  await observed(here, [first])
  await held([first])

  target.away = true
  const second = connectionOf({ n: 2, scope: there })
  await observed(there, [second])
  await observed(here, [])
  await clock.advance(600_000)
  expect([...target.held.keys()]).toEqual([first.id])
  target.away = false
  await clock.advance(30_000)
  await held([second])

  // Written by another process while nobody listened, and never told.
  const third = connectionOf({ n: 3, scope: here })
  await builtIn.write(store.db, here, [third], clock.now())
  const row = {
    tenant: 'acme',
    account: here.account,
    region: here.region,
    account_name: null,
    state: 'fresh' as const,
  }
  const times = { detail: null, last_event_at: null, last_sweep_at: null, applied_begun_at: 0, drift: 0, held_back: 0 }
  await store.db
    .insertInto('scopes')
    .values({ scope: formatScope(here), ...row, ...times })
    .execute()
  await clock.advance(900_000)
  await held([second, third])
  stop.abort()
  await running
})

test('a scope whose sessions go on is looked at again half a minute later, and holds up no other', async () => {
  const clock = createFakeClock()
  const target = createFakeCatalogue()
  const builtIn = builtInCatalogue(() => ({ tags: [], persons: [] }))
  const own = await openSqlite(':memory:')
  const follower = createFollower({ store: own, builtIn, target, clock, log: silentLog, lookEvery: 900_000 })
  const stop = new AbortController()
  const running = follower.run(stop.signal)
  const [here, there] = [scopeOf('111122223333'), scopeOf('444455556666')]
  const passes = (scopes: readonly Scope[]) =>
    vi.waitFor(() => expect(target.passes).toEqual(scopes.map((scope) => formatScope(scope))))
  const tell = (scope: Scope) => own.notify.publish('scope', { scope: formatScope(scope) })

  target.again = guacamoleErrors.GUACAMOLE_SESSIONS_OPEN({ count: 1, reason: 'a node is away' })
  await tell(here)
  await passes([here])
  target.again = undefined
  // Nobody waits for the first.
  await tell(there)
  await passes([here, there])
  await clock.advance(29_999)
  await passes([here, there])
  await clock.advance(1)
  await passes([here, there, here])
  await clock.advance(600_000)
  await passes([here, there, here])
  stop.abort()
  await running
  await own.close()
})
