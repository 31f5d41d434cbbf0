import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/fixtures/fake-clock.ts'
import { startFakeGuacamole } from '../../test/fixtures/guacamole/fake-server.ts'
import { type History, type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { restHistory } from '../catalogue/guacamole/rest/history.ts'
import { createRestSession } from '../catalogue/guacamole/rest/session.ts'
import { Secret } from '../kernel/secret.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { tellHistory } from './tell-history.ts'

let store: Store
let clock: FakeClock
beforeEach(async () => {
  clock = createFakeClock(10_000)
  store = await openSqlite(':memory:')
})
afterEach(() => store.close())

const session = (id: number, more: Partial<HistoryRow> = {}): HistoryRow => ({
  kind: 'session',
  id,
  userName: 'ann',
  remoteHost: '192.0.2.7',
  startedAt: id * 1_000,
  endedAt: undefined,
  connection: { id: '5', name: 'web' },
  ...more,
})

/** A Guacamole that shows its newest rows alone, as the API does. */
function historyOf(rows: HistoryRow[], cap = 1_000): History {
  const of = (kind: string) => rows.filter((row) => row.kind === kind).sort((a, b) => b.startedAt - a.startedAt)
  return {
    newest: async (kind) => ({ rows: of(kind).slice(0, cap), isAll: of(kind).length < cap }),
    between: async () => ({ rows: [], isAll: false }),
    again: async (kind, ids) => of(kind).filter((row) => ids.includes(row.id)),
  }
}

const records = async (): Promise<string[]> => {
  const rows = await store.db.selectFrom('trail_outbox').select('event').orderBy('id').execute()
  return rows.map((row) => {
    const { kind, data }: AuditEvent = JSON.parse(row.event)
    return `${kind} ${data?.['historyId'] ?? ''}${data?.['why'] === 'lost' ? ' lost' : ''}`.trim()
  })
}

describe('the history of a Guacamole in the trail', () => {
  test('ids become the uuids that the web application gives them', () => {
    expect([1, 42].map((id) => historyUuid('session', id))).toEqual([
      '8063df49-c55f-347b-802d-0c1168c0c119',
      'edb9f282-35e6-3a10-bf3f-f1bdabb43aa5',
    ])
  })

  test('each beginning and each end once, however often it is looked at', async () => {
    const rows = [session(1), session(2, { endedAt: 5_000 }), { ...session(1), kind: 'login' as const }]
    const look = () =>
      tellHistory({ store, clock, history: historyOf(rows), live: async () => undefined, clocksAhead: async () => [] })
    expect(await look()).toEqual({ started: 3, ended: 1, lost: 0 })
    expect(await look()).toEqual({ started: 0, ended: 0, lost: 0 })
    rows[0] = session(1, { endedAt: 9_000 })
    await look()
    await Promise.all([look(), look()])
    expect((await records()).sort()).toEqual([
      'guacamole.connected 1',
      'guacamole.connected 2',
      'guacamole.disconnected 1',
      'guacamole.disconnected 2',
      'guacamole.signed-in 1',
    ])
  })

  test('an end is told when its row is long out of the newest, and when its connection is gone', async () => {
    const rows = [session(1)]
    const look = () =>
      tellHistory({
        store,
        clock,
        history: historyOf(rows, 3),
        live: async () => undefined,
        clocksAhead: async () => [],
      })
    await look()
    rows.push(...[2, 3, 4].map((id) => session(id)))
    await look()
    rows[0] = session(1, { endedAt: 60_000, connection: { id: undefined, name: 'web' } })
    rows.push(...[5, 6].map((id) => session(id)))
    await look()
    expect(await records()).toEqual([
      ...[1, 2, 3, 4, 5, 6].map((id) => `guacamole.connected ${id}`),
      'guacamole.disconnected 1',
    ])
  })

  test('a session whose end was never written is over when no node has it', async () => {
    const rows = [session(1), session(2)]
    const live = new Set([1, 2].map((id) => historyUuid('session', id)))
    const look = () =>
      tellHistory({ store, clock, history: historyOf(rows), live: async () => live, clocksAhead: async () => [] })
    await look()
    live.delete(historyUuid('session', 1))
    await look()
    await look()
    expect(await records()).toEqual(['guacamole.connected 1', 'guacamole.connected 2', 'guacamole.disconnected 1 lost'])
  })

  test('a look that fails in the middle is made good by the next', async () => {
    const history = historyOf([session(1)])
    const broken: History = { ...history, newest: () => Promise.reject(new Error('away')) }
    await expect(
      tellHistory({ store, clock, history: broken, live: async () => undefined, clocksAhead: async () => [] }),
    ).rejects.toThrow('away')
    await tellHistory({ store, clock, history, live: async () => undefined, clocksAhead: async () => [] })
    expect(await records()).toEqual(['guacamole.connected 1'])
  })

  test('a row that never gets an end is closed after a week, whether it can still be read or not', async () => {
    const rows = [session(1), { ...session(2), kind: 'login' as const }]
    const look = () =>
      tellHistory({ store, clock, history: historyOf(rows), live: async () => undefined, clocksAhead: async () => [] })
    await look()
    rows.pop()
    await clock.advance(7 * 86_400_000 - 10_000)
    expect(await look()).toMatchObject({ ended: 0 })
    await clock.advance(86_400_000)
    expect(await look()).toEqual({ started: 0, ended: 2, lost: 2 })
    expect(await look()).toEqual({ started: 0, ended: 0, lost: 0 })
  })

  test('a session on a node that nobody named is not thought lost', async () => {
    const rows = [session(1)]
    const look = () =>
      tellHistory({
        store,
        clock,
        history: historyOf(rows),
        live: async () => new Set<string>(),
        clocksAhead: async () => [],
      })
    await look()
    await look()
    expect(await records()).toEqual(['guacamole.connected 1'])
  })

  test('by REST a gap of thousands is closed: days from both ends, and what they do not reach one by one', async () => {
    const server = await startFakeGuacamole()
    const session = createRestSession({ ...server, password: new Secret(server.password), clock })
    const add = (from: number, to: number) => {
      for (let id = from; id < to; id += 1) {
        const startDate = clock.now() + id * 1_000
        const row = { identifier: String(id), startDate, endDate: startDate + 500, username: 'ann' }
        server.history.push({ ...row, connectionIdentifier: '5', connectionName: 'web' })
      }
    }
    const history = restHistory(session)
    const look = () => tellHistory({ store, clock, history, live: async () => undefined, clocksAhead: async () => [] })
    add(1, 11)
    expect(await look()).toMatchObject({ started: 20 })
    add(11, 3_211)
    const { started } = await look()
    const told = (await records()).filter((one) => one.startsWith('guacamole.connected'))
    expect(new Set(told).size).toBe(3_210)
    expect(told).toHaveLength(3_210)
    // Logins cannot be asked for one by one: those that a day has from both its ends, and a word about the rest.
    expect(started).toBe(3_200 + 1_990)
    expect((await records()).filter((one) => one === 'guacamole.history-gap')).toHaveLength(1)
    await session.close()
    await server.stop()
  })
})
