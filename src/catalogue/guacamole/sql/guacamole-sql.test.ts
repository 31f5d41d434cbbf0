import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { guacamoleContract } from '../../../../test/fixtures/guacamole/contract.ts'
import { openGuacamoleDatabase, sqlStage } from '../../../../test/fixtures/guacamole/sql-stage.ts'
import { startMariadb } from '../../../../test/fixtures/mariadb.ts'
import { startPostgres } from '../../../../test/fixtures/postgres.ts'
import { Secret } from '../../../kernel/secret.ts'
import type { Connection } from '../../../model/connection.ts'
import { NONE_OPEN } from '../close-sessions.ts'
import { type GuacamoleDatabase, openMysqlDatabase, openPostgresDatabase } from './open-database.ts'

const same = (database: GuacamoleDatabase) => database
/** What MySQL can do too. */
const asMysql = (database: GuacamoleDatabase): GuacamoleDatabase => ({
  ...database,
  alone: (work) => database.alone(({ trx }) => work({ trx, dialect: 'mysql' })),
})
const servers = {
  PostgreSQL: { start: startPostgres, spoken: same, most: { added: 6, mixed: 10 } },
  MariaDB: { start: startMariadb, spoken: same, most: { added: 6, mixed: 10 } },
  'MariaDB as MySQL': { start: startMariadb, spoken: asMysql, most: { added: 9, mixed: 18 } },
}

describe.each(Object.entries(servers))('on %s', (engine, { start, spoken, most }) => {
  let server: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  guacamoleContract(`by SQL on ${engine}`, async () => {
    const database = await openGuacamoleDatabase(server.url, 'guacamole')
    const tables = ['guacamole_connection', 'guacamole_connection_group', 'guacamole_entity'] as const
    return {
      ...sqlStage(spoken(database)),
      async reset() {
        for (const table of tables) await database.db.deleteFrom(table).execute()
      },
      stop: () => database.close(),
    }
  })

  test('a hundred changes of every kind take ten statements, on MySQL eighteen; a look that finds nothing three', async () => {
    let statements: string[] = []
    const onStatement = (event: { query: { sql: string } }) => void statements.push(event.query.sql)
    const database = await openGuacamoleDatabase(server.url, 'counted', { onStatement })
    const clock = createFakeClock()
    const catalogue = sqlStage(spoken(database)).open({
      clock,
      readersOf: () => ['engineers', 'operators'],
      closeSessions: async () => NONE_OPEN,
    })
    const step = async (wanted: readonly Connection[]) => {
      statements = []
      const { put, removed } = await catalogue.keepInStep(scopeOf('111122223333'), async () => wanted)
      const own = statements.filter(
        (text) => !/lock|wait_timeout|isolation|^(begin|commit|start transaction)$/.test(text),
      )
      return { changes: put.length + removed.length, statements: own.length }
    }
    const fleet = (count: number) => [...Array(count).keys()].map((n) => connectionOf({ n }))
    await step(fleet(50))
    expect(await step(fleet(150))).toEqual({ changes: 100, statements: most.added })
    expect(await step(fleet(150))).toEqual({ changes: 0, statements: 3 })
    const renamed = fleet(150).map((one, n) => (n < 100 ? { ...one, name: `${one.name} renamed` } : one))
    expect(await step(renamed)).toEqual({ changes: 100, statements: 5 })
    // Ended, moved to another address, renamed and new, the last in a group that has to be made.
    const mixed = [
      ...renamed.slice(20, 50).map((one) => ({ ...one, name: `${one.name} again` })),
      ...renamed.slice(50, 80).map((one, n) => ({ ...one, instance: { ...one.instance, privateIp: `10.9.9.${n}` } })),
      ...renamed.slice(80),
      ...[...Array(20).keys()].map((n) => connectionOf({ n: n + 150, group: ['Prod', 'eu-west-2'] })),
    ]
    const { changes, statements: count } = await step(mixed)
    expect(changes).toBe(100)
    expect(count).toBeLessThanOrEqual(most.mixed)
    await database.close()
  })

  test.runIf(engine !== 'PostgreSQL')(
    'no statement of a pass begins with WITH, which MySQL knows from 8.0 on',
    async () => {
      const statements: string[] = []
      const onStatement = (event: { query: { sql: string } }) => void statements.push(event.query.sql)
      const database = await openGuacamoleDatabase(server.url, 'older', { onStatement })
      const guacamole = sqlStage(spoken(database)).open({
        clock: createFakeClock(),
        readersOf: () => ['engineers'],
        closeSessions: async () => NONE_OPEN,
      })
      const step = (wanted: readonly Connection[]) => guacamole.keepInStep(scopeOf('111122223333'), async () => wanted)
      const both = [connectionOf({ n: 1 }), connectionOf({ n: 2, protocol: 'rdp' })]
      await step(both)
      expect(await step(both)).toEqual({ put: [], removed: [], refused: [] })
      await step(both.slice(1))
      await guacamole.strangers()
      await guacamole.owned()
      expect(statements.length).toBeGreaterThan(10)
      expect(statements.filter((text) => /^\s*with\b/i.test(text))).toEqual([])
      await database.close()
    },
  )

  test('names that the database takes for one are told apart, and nothing else waits for it', async () => {
    const database = await openGuacamoleDatabase(server.url, 'collated')
    const mysql = database.engine === 'mysql'
    // Here ß is ss: more equal than we know of.
    const alike = mysql
      ? [sql`alter table guacamole_connection convert to character set utf8mb4 collate utf8mb4_unicode_ci`]
      : [
          sql`create collation letters (provider = icu, locale = 'und-u-ks-level1', deterministic = false)`,
          sql`alter table guacamole_connection alter connection_name type varchar(128) collate letters`,
        ]
    for (const one of alike) await one.execute(database.db)
    const stage = sqlStage(database)
    const catalogue = stage.open({ clock: createFakeClock() })
    const wanted = ['straße', 'strasse', 'other'].map((name, n) => connectionOf({ n, name }))
    const step = () => catalogue.keepInStep(scopeOf('111122223333'), async () => wanted)
    expect((await step()).put).toHaveLength(3)
    const names = (await stage.see()).connections.map((one) => one.name).sort()
    expect(names.filter((name) => / \(0000000[01]\)$/.test(name))).toHaveLength(1)
    expect(names).toContain('other')
    expect(await step()).toEqual({ put: [], removed: [], refused: [] })
    await database.close()
  })

  test.runIf(engine !== 'PostgreSQL')(
    'a name means nothing to a server that takes a backslash for a letter',
    async () => {
      const prepared = await openGuacamoleDatabase(server.url, 'backslash')
      await sql`set global sql_mode = 'NO_BACKSLASH_ESCAPES'`.execute(prepared.db)
      await prepared.close()
      const at = new URL(server.url)
      at.pathname = '/backslash'
      const stage = sqlStage(spoken(await openMysqlDatabase(new Secret(at.href))))
      const name = `a \\' or 1=1 -- "b"`
      const wanted = [connectionOf({ n: 1, name })]
      const guacamole = stage.open({ clock: createFakeClock() })
      expect((await guacamole.keepInStep(scopeOf('111122223333'), async () => wanted)).put).toHaveLength(1)
      expect((await stage.see()).connections.map((one) => one.name)).toEqual([name])
      await guacamole.close()
    },
  )

  test('two workers on one scope, each with its own connections: one result, nothing doubled', async () => {
    const database = await openGuacamoleDatabase(server.url, 'shared')
    const at = new URL(server.url)
    at.pathname = '/shared'
    const open = at.protocol === 'mysql:' ? openMysqlDatabase : openPostgresDatabase
    const other = await open(new Secret(at.href))
    const stages = [database, other].map((one) => sqlStage(one))
    const clock = createFakeClock()
    const work = stages.flatMap((stage) =>
      ['111122223333', '444455556666'].flatMap((account) =>
        [0, 1, 2].map(() =>
          stage
            .open({ clock, readersOf: () => ['engineers'] })
            .keepInStep(scopeOf(account), async () =>
              [...Array(20).keys()].map((n) => connectionOf({ n, scope: scopeOf(account) })),
            ),
        ),
      ),
    )
    const steps = await Promise.all(work)
    expect(steps.reduce((sum, { put }) => sum + put.length, 0)).toBe(40)
    const seen = await stages[0]?.see()
    expect(seen?.connections).toHaveLength(40)
    expect(seen?.groups.map((group) => group.path.join('/')).sort()).toEqual([
      'Enchilada',
      'Enchilada/Prod',
      'Enchilada/Prod/eu-west-1',
    ])
    await other.close()
    await database.close()
  })

  test('a pass whose time is over is rolled back and keeps nobody waiting; one that waits for another is told so', async () => {
    const database = await openGuacamoleDatabase(server.url, 'bounded')
    const at = new URL(server.url)
    at.pathname = '/bounded'
    const open = at.protocol === 'mysql:' ? openMysqlDatabase : openPostgresDatabase
    let time = new AbortController()
    let lastStatement = /insert into/
    const bounded = await open(new Secret(at.href), {
      until: () => time.signal,
      onStatement: ({ query }) => lastStatement.test(query.sql) && time.abort(new Error('the time is over')),
    })
    const step = (on: typeof database) =>
      sqlStage(on)
        .open({ clock: createFakeClock(), readersOf: () => ['engineers'] })
        .keepInStep(scopeOf('111122223333'), async () => [connectionOf({ n: 1 }), connectionOf({ n: 2 })])
    await expect(step(bounded)).rejects.toThrow('the time is over')
    await database.alone(async () => undefined)
    expect(await sqlStage(database).see()).toEqual({ connections: [], groups: [] })

    time = new AbortController()
    lastStatement = /^never$/
    await database.alone(async () => {
      const waiting = step(bounded)
      time.abort(new Error('the time is over'))
      await expect(waiting).rejects.toThrow('the time is over')
    })
    time = new AbortController()
    expect(await step(bounded)).toMatchObject({ put: { length: 2 } })
    await bounded.close()
    await database.close()
  })

  test.runIf(engine === 'MariaDB')(
    'the server ends whoever holds the lock and says nothing for a minute, and nobody else',
    async () => {
      const database = await openGuacamoleDatabase(server.url, 'silent')
      const at = new URL(server.url)
      at.pathname = '/silent'
      const impatient = await openMysqlDatabase(new Secret(at.href))
      const ofSession = async (db: GuacamoleDatabase['db']) =>
        (
          await sql<{ id: number; seconds: number }>`
          select connection_id() as id, @@session.wait_timeout as seconds`.execute(db)
        ).rows[0] ?? expect.fail()
      const before = await ofSession(database.db)
      expect(before.seconds).toBeGreaterThan(60)
      expect(await database.alone(({ trx }) => ofSession(trx))).toEqual({ id: before.id, seconds: 60 })
      expect(await ofSession(database.db)).toEqual(before)
      await expect(database.alone(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
      expect(await ofSession(database.db)).toEqual(before)
      // A server that waits for less goes on to.
      await sql`set global wait_timeout = 30`.execute(database.db)
      expect((await impatient.alone(({ trx }) => ofSession(trx))).seconds).toBe(30)
      expect((await ofSession(impatient.db)).seconds).toBe(30)
      await sql`set global wait_timeout = ${before.seconds}`.execute(database.db)
      await impatient.close()
      await database.close()
    },
  )

  test('a database that is away is a coded error that may be tried again', async () => {
    const at = new URL(server.url)
    at.port = '1'
    const open = at.protocol === 'mysql:' ? openMysqlDatabase : openPostgresDatabase
    const database = await open(new Secret(at.href))
    const step = sqlStage(database)
      .open({ clock: createFakeClock() })
      .keepInStep(scopeOf('111122223333'), async () => [])
    await expect(step).rejects.toMatchObject({ code: 'GUACAMOLE_UNREACHABLE', retryable: true })
    await database.close()
  })
})
