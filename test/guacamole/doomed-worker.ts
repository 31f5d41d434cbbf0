import { NONE_OPEN } from '../../src/catalogue/guacamole/close-sessions.ts'
import { storeLedger } from '../../src/catalogue/guacamole/mark-ledger.ts'
import { guacamoleRest } from '../../src/catalogue/guacamole/rest/guacamole-rest.ts'
import { createRestSession } from '../../src/catalogue/guacamole/rest/session.ts'
import { guacamoleSql } from '../../src/catalogue/guacamole/sql/guacamole-sql.ts'
import { openMysqlDatabase, openPostgresDatabase } from '../../src/catalogue/guacamole/sql/open-database.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { settingsFor } from '../fixtures/guacamole/stage.ts'
import { fleets, readersOf, scope } from './fleets.ts'

/** One pass in a process of its own, which dies after so many statements or calls as if it had lost its power. */
export type Doom = { url: string; dieAfter: number; userName?: string; password?: string; ledger?: string }

const { url, dieAfter, userName = '', password = '', ledger }: Doom = JSON.parse(process.argv[2] ?? '{}')
let left = dieAfter
const count = () => {
  left -= 1
  if (left < 0) process.kill(process.pid, 'SIGKILL')
}
const deps = { settings: settingsFor('Enchilada'), readersOf, secrets: [], clock, closeSessions: async () => NONE_OPEN }

if (url.startsWith('http')) {
  const session = createRestSession({ url, userName, password: new Secret(password), clock, onCall: count })
  const store = ledger === undefined ? undefined : await openSqlite(ledger)
  const rest = guacamoleRest({
    ...deps,
    session,
    alone: (work) => work(),
    ledger: store && storeLedger(store, url),
  })
  await rest.keepInStep(scope, async () => fleets.after)
  await store?.close()
} else {
  const open = url.startsWith('mysql:') ? openMysqlDatabase : openPostgresDatabase
  const database = await open(new Secret(url), { onStatement: count })
  await guacamoleSql({ ...deps, database }).keepInStep(scope, async () => fleets.after)
  await database.close()
}
