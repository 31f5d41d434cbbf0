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
import type { CloseSessions } from '../guacamole.ts'
import { openMysqlDatabase, openPostgresDatabase } from './open-database.ts'

const servers = { PostgreSQL: startPostgres, MariaDB: startMariadb }

describe.each(Object.entries(servers))('on %s', (engine, start) => {
  let server: Awaited<ReturnType<typeof start>>
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  guacamoleContract(`by SQL on ${engine}`, async () => {
    const database = await openGuacamoleDatabase(server.url, 'guacamole')
    const tables = ['guacamole_connection', 'guacamole_connection_group', 'guacamole_entity'] as const
    return {
      ...sqlStage(database),
      async reset() {
        for (const table of tables) await database.db.deleteFrom(table).execute()
      },
      stop: () => database.close(),
    }
  })

  test('a hundred changes of every kind take ten statements, eighteen where one cannot hold several; a look that finds nothing three', async () => {
    let statements: string[] = []
    const onStatement = (event: { query: { sql: string } }) => void statements.push(event.query.sql)
    const database = await openGuacamoleDatabase(server.url, 'counted', { onStatement })
    const clock = createFakeClock()
    const catalogue = sqlStage(database).open({
      clock,
      readersOf: () => ['engineers', 'operators'],
      closeSessions: async () => undefined,
    })
    const step = async (wanted: readonly Connection[]) => {
      statements = []
      const { put, removed } = await catalogue.keepInStep(scopeOf('111122223333'), async () => wanted)
      const own = statements.filter((text) => !/lock|isolation|^(begin|commit|start transaction)$/.test(text))
      return { changes: put.length + removed.length, statements: own.length }
    }
    const fleet = (count: number) => [...Array(count).keys()].map((n) => connectionOf({ n }))
    await step(fleet(50))
    const most = database.engine === 'postgres' ? 6 : 9
    expect(await step(fleet(150))).toEqual({ changes: 100, statements: most })
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
    expect(count).toBeLessThanOrEqual(database.engine === 'postgres' ? 10 : 18)
    await database.close()
  })

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
    await step([], async (connections) => void closed.push(...connections))
    expect(closed).toContain(one?.id)
    await database.close()
  })

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
