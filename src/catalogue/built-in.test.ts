import { afterAll, beforeAll } from 'vitest'
import { catalogueContract } from '../../test/fixtures/catalogue-contract.ts'
import { createFakeCatalogue } from '../../test/fixtures/fake-catalogue.ts'
import { startPostgres, type TestPostgres } from '../../test/fixtures/postgres.ts'
import { silentLog } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import { formatScope } from '../model/scope.ts'
import { openPostgres } from '../store/postgres.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { builtInCatalogue } from './built-in.ts'

let postgres: TestPostgres
const opened: Store[] = []
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(async () => {
  for (const store of opened) await store.close()
  await postgres.stop()
})

/** The built-in catalogue writes in the ledger's transaction; here it opens one of its own. */
async function stageOn(store: Store) {
  opened.push(store)
  await store.db.deleteFrom('connections').execute()
  const builtIn = builtInCatalogue(() => ({ tags: [], persons: [] }))
  return {
    catalogue: {
      keepInStep: (...[scope, wanted]: Parameters<ReturnType<typeof createFakeCatalogue>['keepInStep']>) =>
        store.withLock(`scope ${formatScope(scope)}`, async (trx) => builtIn.write(trx, scope, await wanted(), 0)),
    },
    async shown() {
      const rows = await store.db.selectFrom('connections').selectAll().execute()
      return rows.map((row) => ({
        group: JSON.parse(row.group_path),
        name: row.name,
        protocol: row.protocol,
        host: JSON.parse(row.instance).privateIp,
      }))
    },
  }
}

catalogueContract('in memory', async () => {
  const catalogue = createFakeCatalogue()
  const shown = async () =>
    [...catalogue.held.values()].map(({ group, name, protocol, instance }) => ({
      group,
      name,
      protocol,
      host: instance.privateIp,
    }))
  return { catalogue, shown }
})
catalogueContract('built in, on SQLite', async () => stageOn(await openSqlite(':memory:')))
catalogueContract('built in, on PostgreSQL', async () =>
  stageOn(await openPostgres(new Secret(postgres.url), silentLog)),
)
