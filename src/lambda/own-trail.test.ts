import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/fixtures/fake-clock.ts'
import { createFakeLogGroup, type FakeLogGroup } from '../../test/fixtures/log-group.ts'
import { logRecords } from '../audit/log-records.ts'
import { verifyRecords } from '../audit/verify-trail.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { putInOutbox } from '../store/outbox.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createOwnTrail } from './own-trail.ts'

let store: Store
let clock: FakeClock
let group: FakeLogGroup
beforeEach(async () => {
  store = await openSqlite(':memory:')
  clock = createFakeClock()
  group = createFakeLogGroup(clock)
})
afterEach(() => store.close())

const INVOCATION_MS = 30_000
const leave = (...subjects: string[]) =>
  putInOutbox(
    store.db,
    subjects.map(
      (subject): AuditEvent => ({ kind: 'discovery.added', actor: 'system:discovery', subject, source: 'fact' }),
    ),
  )
const begin = () => createOwnTrail({ group, store, clock, log: silentLog })
const waiting = async () => (await store.db.selectFrom('trail_outbox').select('id').execute()).length
const recorded = () =>
  [...group.held].map(([writer, events]) => [writer, ...events.map(({ message }) => JSON.parse(message).subject)])

test('what changes left is in a chain of its own, in their order, and is left no more', async () => {
  const record = begin()
  await leave('i-1', 'i-2')
  await record(INVOCATION_MS)
  await leave('i-3')
  await record(INVOCATION_MS)
  expect(recorded()).toEqual([['writer-1', 'i-1', 'i-2', 'i-3']])
  expect(await waiting()).toBe(0)
  expect(await verifyRecords({ records: logRecords({ group, clock }) })).toMatchObject({ ok: true, records: 3 })
})

test('functions at the same time share the work and not a chain', async () => {
  await leave(...[...Array(20).keys()].map((n) => `i-${n}`))
  await Promise.all([begin()(INVOCATION_MS), begin()(INVOCATION_MS), begin()(INVOCATION_MS)])
  expect(await waiting()).toBe(0)
  expect(await verifyRecords({ records: logRecords({ group, clock }) })).toMatchObject({ ok: true, records: 20 })
})

test('a log group that refuses costs nothing but time: what is left stays, for the next one or for a server', async () => {
  group.always = 'denied'
  await leave('i-1')
  const record = begin()
  await record(INVOCATION_MS)
  expect([await waiting(), recorded()]).toEqual([1, []])
  group.always = undefined
  await record(INVOCATION_MS)
  expect([await waiting(), recorded()]).toEqual([0, [['writer-1', 'i-1']]])
})

test('it ends with the invocation, however long the log group takes', async () => {
  group.always = 'away'
  await leave('i-1')
  // No time passes on the clock: the wait between two attempts never ends.
  await begin()(50)
  expect(recorded()).toEqual([])
})

test('without a change nothing is held, asked or written', async () => {
  group.always = 'denied'
  await begin()(INVOCATION_MS)
  expect(await store.db.selectFrom('audit_writers').selectAll().execute()).toEqual([])
})
