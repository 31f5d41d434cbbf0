import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/fixtures/fake-clock.ts'
import { createFakeLogGroup, type FakeLogGroup, type Trouble } from '../../test/fixtures/log-group.ts'
import { gather } from '../kernel/gather.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createHeldTrail } from './held-trail.ts'
import { logRecords } from './log-records.ts'
import { verifyRecords } from './verify-trail.ts'
import { createWriterNames } from './writer-names.ts'

let store: Store
let clock: FakeClock
let group: FakeLogGroup
beforeEach(async () => {
  store = await openSqlite(':memory:')
  clock = createFakeClock()
  group = createFakeLogGroup(clock)
})
afterEach(() => store.close())

const event: AuditEvent = { kind: 'discovery.added', actor: 'system:discovery', subject: 'i-1', source: 'fact' }
const begin = (own = clock) => {
  const names = createWriterNames({ store, prefix: 'writer', clock: own })
  return createHeldTrail({ group, names, clock: own, log: silentLog })
}
const verify = () => verifyRecords({ records: logRecords({ group, clock }) })

test('those that run at once have a chain each, those that come after them take the same ones', async () => {
  for (let wave = 0; wave < 4; wave += 1) {
    const three = [begin(), begin(), begin()]
    await Promise.all(three.map((one) => one.hold(30_000)))
    await Promise.all(three.flatMap((one) => [one.record(event), one.record(event)]))
    await clock.advance(300_000)
  }
  expect([...group.held.keys()].sort()).toEqual(['writer-1', 'writer-2', 'writer-3'])
  expect(await verify()).toMatchObject({ ok: true, records: 24 })
})

test('one that was frozen does not write under a name that another has taken', async () => {
  const [frozen, other] = [begin(), begin()]
  await frozen.hold(30_000)
  await frozen.record(event)
  await clock.advance(300_000)
  await expect(frozen.record(event)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' })
  await other.hold(30_000)
  await other.record(event)
  await frozen.hold(30_000)
  await frozen.record(event)
  expect([...group.held.keys()].sort()).toEqual(['writer-1', 'writer-2'])
  expect(await verify()).toMatchObject({ ok: true, records: 3 })
})

/** A record of which the first attempt has failed, and a process that is frozen in the wait before the second. */
async function freeze(trouble: Trouble) {
  const own = createFakeClock()
  const frozen = begin(own)
  await frozen.hold(30_000)
  await frozen.record(event)
  group.troubles = [trouble]
  const late = Promise.allSettled([frozen.record({ ...event, subject: 'i-late' })])
  await own.advance(0)
  expect(group.troubles).toEqual([])
  return {
    frozen,
    own,
    async thaw() {
      own.set(clock.now())
      await own.advance(1_000)
      return (await late)[0]
    },
  }
}

describe('one that was frozen between two attempts', () => {
  test.each<[Trouble, number]>([
    ['away', 2],
    ['unsent', 2],
    ['lost', 3],
  ])('does not try again when another has its chain (%s)', async (trouble, records) => {
    const { thaw } = await freeze(trouble)
    await clock.advance(300_000)
    const other = begin()
    await other.hold(30_000)
    await other.record(event)
    expect(await thaw()).toMatchObject({ status: 'rejected', reason: { code: 'AUDIT_UNAVAILABLE' } })
    expect([...group.held.keys()]).toEqual(['writer-1'])
    expect(await verify()).toMatchObject({ ok: true, records })
  })

  test('does not try again when it has taken another name meanwhile', async () => {
    const { frozen, own, thaw } = await freeze('away')
    await clock.advance(300_000)
    const other = begin()
    await other.hold(30_000)
    await other.record(event)
    own.set(clock.now())
    await frozen.hold(30_000)
    expect(await thaw()).toMatchObject({ status: 'rejected', reason: { code: 'AUDIT_UNAVAILABLE' } })
    await frozen.record(event)
    expect([...group.held.keys()].sort()).toEqual(['writer-1', 'writer-2'])
    expect(await verify()).toMatchObject({ ok: true, records: 3 })
  })

  test('goes on when its chain is still its own', async () => {
    const { frozen, own, thaw } = await freeze('away')
    await clock.advance(300_000)
    own.set(clock.now())
    await frozen.hold(30_000)
    expect(await thaw()).toMatchObject({ status: 'fulfilled' })
    expect(await verify()).toMatchObject({ ok: true, records: 2 })
  })
})

test('one that was frozen while it read the end of a chain does not go on from there', async () => {
  const own = createFakeClock()
  const frozen = begin(own)
  const { readBack } = group
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>()
  group.readBack = async function* (stream) {
    const found = await gather(readBack(stream))
    await thawed
    yield* found
  }
  const late = Promise.allSettled([frozen.hold(30_000)])
  await own.advance(0)
  group.readBack = readBack
  await clock.advance(300_000)
  const other = begin()
  await other.hold(30_000)
  await other.record(event)
  own.set(clock.now())
  await frozen.hold(30_000)
  thaw()
  expect(await late).toMatchObject([{ status: 'rejected', reason: { code: 'AUDIT_UNAVAILABLE' } }])
  await frozen.hold(30_000)
  await frozen.record(event)
  expect([...group.held.keys()].sort()).toEqual(['writer-1', 'writer-2'])
  expect(await verify()).toMatchObject({ ok: true, records: 2 })
})

test('a name that stayed ours costs no look at the stream', async () => {
  const one = begin()
  await one.hold(30_000)
  await one.record(event)
  await clock.advance(300_000)
  group.readBack = () => {
    throw new Error('the stream was read')
  }
  await one.hold(30_000)
  await one.record(event)
  expect(await verify()).toMatchObject({ ok: true, records: 2 })
})
