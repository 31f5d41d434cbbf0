import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/fixtures/fake-clock.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../test/fixtures/guacamole/fake-server.ts'
import { readClockAhead } from '../catalogue/guacamole/rest/clock-ahead.ts'
import { restHistory } from '../catalogue/guacamole/rest/history.ts'
import { createRestSession, type RestSession } from '../catalogue/guacamole/rest/session.ts'
import { Secret } from '../kernel/secret.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { tellHistory } from './tell-history.ts'

/** Guacamole's clock is wrong, set while nobody looks, or set in the middle of a session. */
const T0 = 1_790_000_000_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

let server: FakeGuacamole
let rest: RestSession
let store: Store
let clock: FakeClock
let nextId: number
beforeEach(async () => {
  server = await startFakeGuacamole()
  clock = createFakeClock(T0)
  server.now = () => clock.now()
  rest = createRestSession({ ...server, password: new Secret(server.password), clock })
  store = await openSqlite(':memory:')
  nextId = 1
})
afterEach(async () => {
  await rest.close()
  await server.stop()
  await store.close()
})

const setClock = (aheadMs: number) => {
  server.now = () => clock.now() + aheadMs
}
/** As the web application writes it: by its own clock. */
function begin(): FakeGuacamole['history'][number] {
  const row = { identifier: String(nextId), startDate: server.now(), username: 'ann', remoteHost: '192.0.2.7' }
  nextId += 1
  const whole = { ...row, connectionIdentifier: '5', connectionName: 'web' }
  server.history.push(whole)
  return whole
}
const look = () =>
  tellHistory({
    store,
    clock,
    history: restHistory(rest),
    live: async () => undefined,
    clocksAhead: async () => [(await readClockAhead(rest, clock)) ?? Number.NaN],
  })
const events = async (kind: string): Promise<Record<string, unknown>[]> => {
  const rows = await store.db.selectFrom('trail_outbox').select('event').orderBy('id').execute()
  const all: AuditEvent[] = rows.map((row) => JSON.parse(row.event))
  return all.filter((event) => event.kind === kind).map((event) => event.data ?? {})
}
const told = async (kind: string) => (await events(kind)).map((data) => Number(data['historyId']))
const iso = (ms: number) => new Date(ms).toISOString()

describe('a Guacamole whose clock is off', () => {
  test.each([HOUR, -HOUR, 400 * DAY])('by %i ms: its times stand as it told them, and corrected', async (ahead) => {
    setClock(ahead)
    const session = begin()
    await clock.advance(5_000)
    await look()
    const [start] = await events('guacamole.connected')
    expect(start).toMatchObject({ at: iso(T0 + ahead), clockAheadMs: expect.closeTo(ahead, -4) })
    expect(Math.abs(Date.parse(String(start?.['correctedAt'])) - T0)).toBeLessThan(1_000)
    await clock.advance(600_000)
    session['endDate'] = server.now()
    await look()
    const [end] = await events('guacamole.disconnected')
    expect(end).toMatchObject({ at: iso(T0 + 605_000 + ahead), seconds: 605 })
    expect(Math.abs(Date.parse(String(end?.['correctedAt'])) - T0 - 605_000)).toBeLessThan(1_000)
  })

  test('a right clock is corrected by nothing', async () => {
    begin()
    await look()
    expect(await events('guacamole.connected')).toEqual([
      { historyId: 1, at: iso(T0), from: '192.0.2.7', connection: '5' },
    ])
  })

  test('what was written when nobody looked is not corrected: how far the clock was off then, nobody knows', async () => {
    begin()
    await clock.advance(HOUR)
    setClock(-DAY)
    await look()
    expect(await events('guacamole.connected')).toEqual([
      { historyId: 1, at: iso(T0), from: '192.0.2.7', connection: '5', clockAheadMs: expect.closeTo(-DAY, -4) },
    ])
  })

  test('set in the middle of a session, forth or back, its length is what it was', async () => {
    for (const ahead of [HOUR, -HOUR]) {
      setClock(0)
      const session = begin()
      await look()
      await clock.advance(60_000)
      setClock(ahead)
      session['endDate'] = server.now()
      await look()
    }
    const ends = await events('guacamole.disconnected')
    expect(ends.map((end) => Math.abs(Number(end['seconds']) - 60))).toEqual([
      expect.toSatisfy(isSmall),
      expect.toSatisfy(isSmall),
    ])
  })

  test('set back while nobody looks, a length that cannot be is not told', async () => {
    const session = begin()
    await look()
    await clock.advance(HOUR)
    setClock(-2 * HOUR)
    session['endDate'] = server.now()
    await clock.advance(HOUR)
    await look()
    const [end] = await events('guacamole.disconnected')
    expect(end).toHaveProperty('at')
    expect(end).not.toHaveProperty('seconds')
    expect(end).not.toHaveProperty('correctedAt')
  })

  test('a session is given up a week after it was seen, whenever its clock says that it began', async () => {
    for (const ahead of [-30 * DAY, 400 * DAY]) {
      setClock(ahead)
      begin()
      await look()
    }
    await clock.advance(7 * DAY - 1_000)
    await look()
    expect(await told('guacamole.disconnected')).toEqual([])
    await clock.advance(2_000)
    await look()
    expect((await told('guacamole.disconnected')).sort()).toEqual([1, 2])
  })

  test('each once and in its order, however the clock jumps between thousands of sessions', async () => {
    const some = async (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const session = begin()
        session['endDate'] = server.now()
        await clock.advance(1_000)
      }
      await look()
    }
    await some(3)
    // A year ahead for so many that a listing by date shows nothing else for a year.
    setClock(365 * DAY)
    await some(1_200)
    setClock(0)
    await some(5)
    // A machine without a battery for its clock.
    setClock(-20 * 365 * DAY)
    await some(1_100)
    setClock(0)
    await some(5)
    await look()
    const started = await told('guacamole.connected')
    expect(started).toEqual(Array.from({ length: nextId - 1 }, (_, n) => n + 1))
    expect(await told('guacamole.signed-in')).toHaveLength(nextId - 1)
  })
})

const isSmall = (seconds: number) => seconds <= 1
