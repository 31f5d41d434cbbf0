import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { openGuacamoleDatabase, sqlStage } from '../../../../test/fixtures/guacamole/sql-stage.ts'
import { startMariadb } from '../../../../test/fixtures/mariadb.ts'
import { startPostgres } from '../../../../test/fixtures/postgres.ts'
import type { Connection } from '../../../model/connection.ts'
import { NONE_OPEN } from '../close-sessions.ts'
import type { CloseSessions } from '../guacamole.ts'

describe.each(Object.entries({ PostgreSQL: startPostgres, MariaDB: startMariadb }))('on %s', (_, start) => {
  let server: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  test('a database cannot end a session: whoever is still in an ended instance is told', async () => {
    const database = await openGuacamoleDatabase(server.url, 'staying')
    const stage = sqlStage(database)
    const step = (wanted: readonly Connection[], closeSessions?: CloseSessions) =>
      stage
        .open({ clock: createFakeClock(), ...(closeSessions ? { closeSessions } : {}) })
        .keepInStep(scopeOf('111122223333'), async () => wanted)
    const both = [connectionOf({ n: 1 }), connectionOf({ n: 2 })]
    await step(both)
    const [one] = (await stage.see()).connections.filter(({ name }) => name === 'host-1')
    await sql`insert into guacamole_connection_history (username, connection_id, connection_name, start_date)
      values ('ann', ${Number(one?.id)}, 'host-1', current_timestamp)`.execute(database.db)
    expect(await step([])).toMatchObject({
      removed: { length: 2 },
      refused: [{ id: both[0]?.id, error: { code: 'GUACAMOLE_SESSIONS_STAY' } }],
    })
    // With the web application beside it they end, also those of a process that was killed before it could.
    const closed: string[] = []
    await step([], async (connections) => {
      closed.push(...connections)
      return NONE_OPEN
    })
    expect(closed).toContain(one?.id)
    await database.close()
  })

  test('deleted at once: sessions end before, also when the process dies in between; what stays open is not deleted', async () => {
    const database = await openGuacamoleDatabase(server.url, 'deleted')
    const stage = sqlStage(database)
    const held = async () => (await stage.see()).connections
    const step = (wanted: readonly Connection[], closeSessions: CloseSessions) =>
      stage
        .open({ clock: createFakeClock(), settings: { keepEnded: 0 }, closeSessions })
        .keepInStep(scopeOf('111122223333'), async () => wanted)
    const told: string[] = []
    await step([connectionOf({ n: 1 })], async () => NONE_OPEN)
    const id = (await held())[0]?.id
    for (const removed of [1, 0]) {
      expect(await step([], async () => ({ staying: new Set(), away: 'a node is away' }))).toMatchObject({
        removed: { length: removed },
        refused: [],
        again: { code: 'GUACAMOLE_SESSIONS_OPEN', details: { count: 1, reason: 'a node is away' } },
      })
      expect(await held()).toMatchObject([{ id, path: [stage.root, 'Ended'], parameters: {} }])
    }
    const close: CloseSessions = async (connections) => {
      const ids = (await held()).map((one) => one.id)
      told.push(...connections.map((one) => (ids.includes(one) ? 'while it is there' : 'too late')))
      return NONE_OPEN
    }
    expect(await step([], close)).toMatchObject({ removed: { length: 1 } })
    expect(told[0]).toBe('while it is there')
    expect(await held()).toEqual([])
    await database.close()
  })

  test('a session that Guacamole does not let us end keeps its own connection, and no other, until it is over', async () => {
    const database = await openGuacamoleDatabase(server.url, 'refusing')
    const stage = sqlStage(database)
    let staying: ReadonlySet<string> = new Set()
    const guacamole = stage.open({
      clock: createFakeClock(),
      settings: { keepEnded: 0 },
      closeSessions: async () => ({ staying }),
    })
    const step = (wanted: readonly Connection[]) => guacamole.keepInStep(scopeOf('111122223333'), async () => wanted)
    const held = async () => (await stage.see()).connections
    const all = [connectionOf({ n: 1 }), connectionOf({ n: 2 })]
    await step(all)
    const one = (await held()).find(({ name }) => name === 'host-1') ?? expect.fail()
    staying = new Set([one.id])
    const told = [{ id: all[0]?.id, error: { code: 'GUACAMOLE_SESSIONS_STAY' } }]
    for (const removed of [2, 0]) {
      expect(await step([])).toMatchObject({ removed: { length: removed }, refused: told })
      expect(await held()).toMatchObject([{ id: one.id, path: [stage.root, 'Ended'], parameters: {} }])
    }
    staying = new Set()
    expect(await step([])).toMatchObject({ removed: { length: 1 }, refused: [] })
    expect(await held()).toEqual([])
    await database.close()
  })

  test('beside a web application that shows us no session the history says who is in, for a week at the most', async () => {
    const database = await openGuacamoleDatabase(server.url, 'blind')
    const stage = sqlStage(database)
    const clock = createFakeClock(Date.now())
    const open = (seesSessions: boolean) =>
      stage.open({
        ...{ clock, settings: { keepEnded: 0 }, closeSessions: async () => NONE_OPEN },
        seesSessions: async () => seesSessions,
      })
    const blind = open(false)
    const step = (of: typeof blind, wanted: readonly Connection[]) =>
      of.keepInStep(scopeOf('111122223333'), async () => wanted)
    const ids = async () => (await stage.see()).connections.map(({ id }) => id)
    const enter = (id: string | undefined) =>
      sql`insert into guacamole_connection_history (username, connection_id, connection_name, start_date)
        values ('ann', ${Number(id)}, 'host', current_timestamp)`.execute(database.db)
    const leave = () => sql`update guacamole_connection_history set end_date = current_timestamp`.execute(database.db)
    const both = [connectionOf({ n: 1 }), connectionOf({ n: 2 })]

    await step(blind, both)
    const one = (await stage.see()).connections.find(({ name }) => name === 'host-1')?.id ?? expect.fail()
    await enter(one)
    for (const removed of [2, 0]) {
      const told = { removed: { length: removed }, refused: [{ error: { code: 'GUACAMOLE_SESSIONS_STAY' } }] }
      expect(await step(blind, [])).toMatchObject(told)
      expect(await ids()).toEqual([one])
    }
    await leave()
    expect((await step(blind, [])).refused).toEqual([])
    expect(await ids()).toEqual([])

    await step(blind, both)
    await enter((await ids())[0])
    await step(blind, [])
    expect(await ids()).toHaveLength(1)
    await clock.advance(8 * 86_400_000)
    await step(blind, [])
    expect(await ids()).toEqual([])

    // Whoever is shown all of them is believed.
    await step(blind, both)
    await enter((await ids())[0])
    expect((await step(open(true), [])).refused).toEqual([])
    expect(await ids()).toEqual([])
    await database.close()
  })
})
