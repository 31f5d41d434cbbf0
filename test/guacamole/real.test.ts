import { afterAll, beforeAll, describe } from 'vitest'
import { openMysqlDatabase, openPostgresDatabase } from '../../src/catalogue/guacamole/sql/open-database.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { guacamoleContract } from '../fixtures/guacamole/contract.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { usedSqlStage } from '../fixtures/guacamole/used-sql-stage.ts'

/**
 * The contract against somebody's real Guacamole, empty or used: it works under one group and removes what it made.
 * `ENCHILADA_TEST_GUACAMOLE_URL=… _USER=… _PASSWORD=… script/test guacamole`; with `_POSTGRES` or `_MYSQL`, the URL of its database,
 * straight in there as well.
 */
const env = (name: string) => process.env[`ENCHILADA_TEST_GUACAMOLE_${name}`]
const root = `Enchilada test ${process.pid}`
const url = env('URL')
const databases = { POSTGRES: openPostgresDatabase, MYSQL: openMysqlDatabase }

const given = Object.entries(databases).flatMap(([name, open]) => {
  const address = env(name)
  return address === undefined ? [] : [{ name, open: () => open(new Secret(address)) }]
})

describe.runIf(url !== undefined)('a real server', () => {
  /** 1.6.0 on MySQL deletes no user group by REST: its database does, where it is given. */
  const sweepers: Awaited<ReturnType<typeof usedSqlStage>>[] = []
  beforeAll(async () => {
    for (const { open } of given) sweepers.push(await usedSqlStage(await open(), root))
  })
  afterAll(async () => {
    for (const sweeper of sweepers) {
      await sweeper.reset()
      await sweeper.stop()
    }
  })
  guacamoleContract('by REST on a real server', () =>
    restStage({ url: url ?? '', userName: env('USER') ?? '', password: env('PASSWORD') ?? '' }, root),
  )
})

describe.each(given)('a real database, $name', ({ name, open }) => {
  guacamoleContract(`by SQL in a real ${name}`, async () => usedSqlStage(await open(), `${root} SQL`))
})
