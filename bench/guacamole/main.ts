import { guacamoleRest } from '../../src/catalogue/guacamole/rest/guacamole-rest.ts'
import { createRestSession } from '../../src/catalogue/guacamole/rest/session.ts'
import { guacamoleSettings } from '../../src/catalogue/guacamole/settings.ts'
import { guacamoleSql } from '../../src/catalogue/guacamole/sql/guacamole-sql.ts'
import { type GuacamoleDatabase, openPostgresDatabase } from '../../src/catalogue/guacamole/sql/open-database.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Connection } from '../../src/model/connection.ts'
import { connectionOf, scopeOf } from '../../test/fixtures/guacamole/connections.ts'
import { startFakeGuacamole } from '../../test/fixtures/guacamole/fake-server.ts'
import { openGuacamoleDatabase } from '../../test/fixtures/guacamole/sql-stage.ts'
import { startPostgres } from '../../test/fixtures/postgres.ts'
import { type Row, report, row } from '../report.ts'
import { type Cost, type Fleet, restOneByOne, sqlOneByOne } from './one-by-one.ts'

/**
 * A Guacamole brought in step from empty, then a hundred changes, beside one request an object and a grant. Calls and bytes on a
 * fake server; times only on a real one: `ENCHILADA_TEST_GUACAMOLE_URL=… _USER=… _PASSWORD=… _POSTGRES=… script/bench guacamole`,
 * with an installation of its own: its database is written by both ways, each under a group that is removed afterwards.
 */
const quick = process.argv.includes('--quick')
const [SIZE, GROUPS, SAMPLE] = quick ? [500, 20, 100] : [10_000, 400, 500]
const readers = ['engineers', 'operators', 'auditors']
const scope = scopeOf('111122223333')
const env = (name: string) => process.env[`ENCHILADA_TEST_GUACAMOLE_${name}`]

const fleet = (root: string): Fleet => ({
  root,
  readers,
  connections: [...Array(SIZE).keys()].map((n) =>
    connectionOf({ n, group: [`account-${n % (GROUPS / 10)}`, `part-${n % GROUPS}`] }),
  ),
})
const settings = (group: string) =>
  guacamoleSettings.parse({ sql: { postgres: { env: 'UNUSED' } }, group, keepEnded: '0s' })
const readersOf = () => readers
const changed = (connections: readonly Connection[]): Connection[] =>
  connections.map((one, at) => (at < 100 ? { ...one, name: `${one.name} renamed` } : one))

async function byRest(server: { url: string; userName: string; password: string }, { root, connections }: Fleet) {
  let cost: Cost = { seconds: 0, calls: 0, bytes: 0 }
  const session = createRestSession({
    ...server,
    password: new Secret(server.password),
    clock,
    onCall: ({ bytes }) => {
      cost = { ...cost, calls: cost.calls + 1, bytes: cost.bytes + bytes }
    },
  })
  const alone = <T>(work: () => Promise<T>) => work()
  const deps = {
    session,
    settings: settings(root),
    readersOf,
    secrets: [],
    clock,
    alone,
    closeSessions: async () => undefined,
  }
  const catalogue = guacamoleRest(deps)
  const pass = async (wanted: readonly Connection[]): Promise<Cost> => {
    cost = { seconds: 0, calls: 0, bytes: 0 }
    const start = performance.now()
    const { refused } = await catalogue.keepInStep(scope, async () => wanted)
    if (refused.length > 0) throw new Error(`${refused.length} were refused: ${refused[0]?.error.message}`)
    return { ...cost, seconds: (performance.now() - start) / 1000 }
  }
  const first = await pass(connections)
  const later = await pass(changed(connections))
  await pass([])
  await session.close()
  return { first, later }
}

async function bySql(database: GuacamoleDatabase, { root, connections }: Fleet) {
  const catalogue = guacamoleSql({ database, settings: settings(root), readersOf, secrets: [], clock })
  const pass = async (wanted: readonly Connection[]): Promise<number> => {
    const start = performance.now()
    await catalogue.keepInStep(scope, async () => wanted)
    return (performance.now() - start) / 1000
  }
  const first = await pass(connections)
  const later = await pass(changed(connections))
  await pass([])
  return { first, later }
}

const rows: Row[] = []
const size = `${SIZE} connections, ${GROUPS} groups, ${readers.length} readers`

const fake = await startFakeGuacamole()
const ours = await byRest(fake, fleet('Enchilada'))
fake.reset()
const theirs = await restOneByOne(fake, fleet('Others'), SIZE)
await fake.stop()
rows.push(
  row({
    name: `REST calls, ${size}, from empty`,
    unit: 'calls',
    value: ours.first.calls,
    peer: { name: 'one call an object and a grant', value: theirs.calls },
    goal: { text: 'at most 1/50', met: ours.first.calls * 50 <= theirs.calls },
  }),
  row({
    name: `REST bytes sent, ${size}, from empty`,
    unit: 'bytes',
    value: ours.first.bytes,
    peer: { name: 'one call an object and a grant', value: theirs.bytes },
  }),
  row({
    name: 'REST calls, 100 changes',
    unit: 'calls',
    value: ours.later.calls,
    goal: { text: 'at most 4 beside groups and grants', met: ours.later.calls <= 4 },
  }),
)

const postgres = await startPostgres()
const database = await openGuacamoleDatabase(postgres.url, 'guacamole')
const sqlOurs = await bySql(database, fleet('Enchilada'))
const sqlTheirs = ((await sqlOneByOne(database, fleet('Others'), SAMPLE)) / SAMPLE) * SIZE
await database.close()
await postgres.stop()
rows.push(
  row({
    name: `SQL, ${size}, from empty`,
    unit: 's',
    value: sqlOurs.first,
    peer: { name: `one statement a row, one commit a connection (from ${SAMPLE})`, value: sqlTheirs },
  }),
  row({ name: 'SQL, 100 changes', unit: 's', value: sqlOurs.later }),
)

const [url, userName, password, address] = [env('URL'), env('USER'), env('PASSWORD'), env('POSTGRES')]
if (url && userName && password && address) {
  const server = { url, userName, password }
  const real = await openPostgresDatabase(new Secret(address))
  const mine = `bench ${process.pid}`
  const realSql = await bySql(real, fleet(`${mine} sql`))
  const realRest = await byRest(server, fleet(`${mine} rest`))
  const sample = await restOneByOne(server, fleet(`${mine} others`), SAMPLE)
  // Groups are a part of it that does not grow with the fleet: the whole is no less than this.
  const whole = (sample.seconds / sample.calls) * theirs.calls
  await real.db.deleteFrom('guacamole_connection_group').where('connection_group_name', '=', `${mine} others`).execute()
  await real.close()
  const peer = { name: `one call an object and a grant, same server (from ${sample.calls} calls)`, value: whole }
  rows.push(
    row({
      name: `real server by SQL, ${size}, from empty`,
      unit: 's',
      value: realSql.first,
      peer,
      goal: { text: 'at least 50 times faster', met: realSql.first * 50 <= whole },
    }),
    row({ name: `real server by REST, ${size}, from empty`, unit: 's', value: realRest.first.seconds, peer }),
    row({ name: 'real server by SQL, 100 changes', unit: 's', value: realSql.later }),
    row({ name: 'real server by REST, 100 changes', unit: 's', value: realRest.later.seconds }),
  )
}
report(rows)
