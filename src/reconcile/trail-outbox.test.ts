import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { putInOutbox } from '../store/outbox.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createOutboxDrain } from './trail-outbox.ts'

let store: Store
let recorded: string[]
let broken: boolean
beforeEach(async () => {
  store = await openSqlite(':memory:')
  recorded = []
  broken = false
})
afterEach(() => store.close())

const event = (n: number): AuditEvent => ({
  kind: 'discovery.added',
  actor: 'system:discovery',
  subject: String(n).padStart(5, '0'),
  source: 'fact',
})
const drainOf = () =>
  createOutboxDrain({
    store,
    log: silentLog,
    trail: {
      async record({ subject }) {
        if (broken) throw new Error('the disk is full')
        recorded.push(subject)
      },
    },
  })
const waiting = async () => (await store.db.selectFrom('trail_outbox').select('id').execute()).length

test('records come into the trail once and in order, whoever drains', async () => {
  const all = [...Array(1_200).keys()].map(event)
  await putInOutbox(store.db, all)
  await Promise.all([drainOf()(), drainOf()()])
  expect(recorded).toEqual(all.map((one) => one.subject))
  expect(await waiting()).toBe(0)
})

test('a record goes with the change that it tells of, and is not there when that is undone', async () => {
  await store
    .withLock('scope', async (trx) => {
      await putInOutbox(trx, [event(1)])
      throw new Error('undone')
    })
    .catch(() => undefined)
  expect(await waiting()).toBe(0)
})

test('while the trail cannot be written they wait, and nothing is lost', async () => {
  const drain = drainOf()
  broken = true
  await putInOutbox(store.db, [event(1), event(2)])
  await drain()
  expect(await waiting()).toBe(2)
  broken = false
  await drain()
  expect(recorded).toEqual(['00001', '00002'])
})
