import { startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { openGuacamoleDatabase, sqlStage } from '../fixtures/guacamole/sql-stage.ts'
import { startMariadb } from '../fixtures/mariadb.ts'
import { startPostgres } from '../fixtures/postgres.ts'
import { type BreakableStage, breakable } from './bad-day.ts'

export type DayStage = BreakableStage & { reset(): Promise<void>; stop(): Promise<void> }

async function onDatabase(start: typeof startPostgres | typeof startMariadb): Promise<DayStage> {
  const server = await start()
  const database = await openGuacamoleDatabase(server.url, 'bad_day')
  const broken = breakable(database)
  const tables = ['guacamole_connection', 'guacamole_connection_group', 'guacamole_entity'] as const
  return {
    ...sqlStage(broken),
    breakAt: broken.breakAt,
    mend: broken.mend,
    async reset() {
      for (const table of tables) await database.db.deleteFrom(table).execute()
    },
    async stop() {
      await database.close()
      await server.stop()
    },
  }
}

export const dayStages: Readonly<Record<string, () => Promise<DayStage>>> = {
  PostgreSQL: () => onDatabase(startPostgres),
  MariaDB: () => onDatabase(startMariadb),
  async REST() {
    const server = await startFakeGuacamole()
    const stage = await restStage(server)
    return {
      ...stage,
      // Half of the failures come after the server did what it was asked.
      breakAt: (at) => server.failPatch(at >> 1, at % 2 === 1),
      mend: () => server.failPatch(1e9, false),
      reset: async () => server.reset(),
      async stop() {
        await stage.stop()
        await server.stop()
      },
    }
  },
}
