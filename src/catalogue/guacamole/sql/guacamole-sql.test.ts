import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { guacamoleContract } from '../../../../test/fixtures/guacamole/contract.ts'
import { openGuacamoleDatabase, sqlStage } from '../../../../test/fixtures/guacamole/sql-stage.ts'
import { startMariadb } from '../../../../test/fixtures/mariadb.ts'
import { startPostgres } from '../../../../test/fixtures/postgres.ts'
import { Secret } from '../../../kernel/secret.ts'
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

  test('a hundred new connections take nine statements beside the lock, and a look that finds nothing three', async () => {
    let statements: string[] = []
    const onStatement = (event: { query: { sql: string } }) => void statements.push(event.query.sql)
    const database = await openGuacamoleDatabase(server.url, 'counted', { onStatement })
    const clock = createFakeClock()
    const catalogue = sqlStage(database).open({ clock, readersOf: () => ['engineers', 'operators'] })
    const step = async (names: readonly string[]) => {
      statements = []
      const wanted = names.map((name, n) => connectionOf({ n, name }))
      const { put } = await catalogue.keepInStep(scopeOf('111122223333'), async () => wanted)
      return {
        put: put.length,
        statements: statements.filter((text) => !/lock|isolation|^(begin|commit|start transaction)$/.test(text)).length,
      }
    }
    const first = [...Array(50).keys()].map((n) => `host-${n}`)
    await step(first)
    const second = [...Array(150).keys()].map((n) => `host-${n}`)
    expect(await step(second)).toEqual({ put: 100, statements: 9 })
    expect(await step(second)).toEqual({ put: 0, statements: 3 })
    expect((await step(second.map((name) => `${name} renamed`))).statements).toBeLessThanOrEqual(10)
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
