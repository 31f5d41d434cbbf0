import { NONE_OPEN } from '../../src/catalogue/guacamole/close-sessions.ts'
import { guacamoleRest } from '../../src/catalogue/guacamole/rest/guacamole-rest.ts'
import { createRestSession } from '../../src/catalogue/guacamole/rest/session.ts'
import { guacamoleSettings } from '../../src/catalogue/guacamole/settings.ts'
import { guacamoleSql } from '../../src/catalogue/guacamole/sql/guacamole-sql.ts'
import {
  type GuacamoleDatabase,
  type OpenOptions,
  openPostgresDatabase,
} from '../../src/catalogue/guacamole/sql/open-database.ts'
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
const settings = (group: string) => guacamoleSettings.parse({ sql: { postgres: { env: 'UNUSED' } }, group })
const readersOf = () => readers
/** A hundred: ended, renamed, at another address, and new in a group that has to be made. */
const changed = (connections: readonly Connection[]): Connection[] => [
  ...connections.slice(30, 50).map((one) => ({ ...one, name: `${one.name} renamed` })),
  ...connections
    .slice(50, 70)
    .map((one, at) => ({ ...one, instance: { ...one.instance, privateIp: `10.250.0.${at}` } })),
  ...connections.slice(70),
  ...[...Array(30).keys()].map((n) => connectionOf({ n: SIZE + n, group: ['account-0', 'new'] })),
]
/** Levels in which groups are made (the new one, and the one where ended connections wait), and grants given and taken. */
const NEW_LEVELS = 2
const grants = readers.length * (30 + 1 + 30)

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
    closeSessions: async () => NONE_OPEN,
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
  await session.close()
  return { first, later }
}

/** Every statement counts but those that begin and end the transaction. */
async function bySql(open: (options: OpenOptions) => Promise<GuacamoleDatabase>, { root, connections }: Fleet) {
  let statements = 0
  const onStatement = ({ query }: { query: { sql: string } }) => {
    statements += /^(begin|commit)$/.test(query.sql) ? 0 : 1
  }
  const database = await open({ onStatement })
  const catalogue = guacamoleSql({
    database,
    settings: settings(root),
    readersOf,
    secrets: [],
    clock,
    closeSessions: async () => NONE_OPEN,
  })
  const pass = async (wanted: readonly Connection[]) => {
    statements = 0
    const start = performance.now()
    await catalogue.keepInStep(scope, async () => wanted)
    return { seconds: (performance.now() - start) / 1000, statements }
  }
  const first = await pass(connections)
  const later = await pass(changed(connections))
  await database.close()
  return { first, later }
}

type Peer = { name: string; value: number }
const rows: Row[] = []
const size = `${SIZE} connections, ${GROUPS} groups, ${readers.length} readers`

const fake = await startFakeGuacamole()
const ours = await byRest(fake, fleet('Enchilada'))
fake.reset()
const theirs = await restOneByOne(fake, fleet('Others'), SIZE)
await fake.stop()

const restRows = (where: string, { first, later }: Awaited<ReturnType<typeof byRest>>) => [
  row({
    name: `${where}REST calls, ${size}, from empty`,
    unit: 'calls',
    value: first.calls,
    peer: { name: 'one call an object and a grant', value: theirs.calls },
    goal: { text: 'at most 1/50', met: first.calls * 50 <= theirs.calls },
  }),
  row({
    name: `${where}REST bytes sent, ${size}, from empty`,
    unit: 'bytes',
    value: first.bytes,
    peer: { name: 'one call an object and a grant', value: theirs.bytes },
  }),
  row({
    name: `${where}REST calls, 100 changes`,
    unit: 'calls',
    value: later.calls,
    goal: {
      text: `at most 4, ${NEW_LEVELS} new levels of groups and ${grants} grants by fifty`,
      met: later.calls <= 4 + NEW_LEVELS + Math.ceil(grants / 50),
    },
  }),
]
rows.push(...restRows('', ours))

const sqlRows = (where: string, { first, later }: Awaited<ReturnType<typeof bySql>>, peer: Peer) => [
  row({
    name: `${where}SQL, ${size}, from empty`,
    unit: 's',
    value: first.seconds,
    peer,
    goal: { text: 'at least 50 times faster', met: first.seconds * 50 <= peer.value },
  }),
  row({ name: `${where}SQL, 100 changes`, unit: 's', value: later.seconds }),
  row({
    name: `${where}SQL statements, 100 changes`,
    unit: 'statements',
    value: later.statements,
    goal: { text: 'at most 10', met: later.statements <= 10 },
  }),
]

const postgres = await startPostgres()
const sqlOurs = await bySql((options) => openGuacamoleDatabase(postgres.url, 'guacamole', options), fleet('Enchilada'))
const others = await openGuacamoleDatabase(postgres.url, 'others')
const sqlTheirs = ((await sqlOneByOne(others, fleet('Others'), SAMPLE)) / SAMPLE) * SIZE
await others.close()
await postgres.stop()
const scanner = { name: `one statement a row, one commit a connection, no groups (from ${SAMPLE})`, value: sqlTheirs }
const [onlySql, ...more] = sqlRows('', sqlOurs, scanner)
// The goal speaks of one call an object and a grant: that needs a real server.
rows.push(...(onlySql ? [{ ...onlySql, goal: null, ok: null }] : []), ...more)

const [url, userName, password, address] = [env('URL'), env('USER'), env('PASSWORD'), env('POSTGRES')]
if (url && userName && password && address) {
  const server = { url, userName, password }
  const mine = `bench ${process.pid}`
  const open = (options: OpenOptions) => openPostgresDatabase(new Secret(address), options)
  const database = await open({})
  const clear = async (what: string) =>
    void (await database.db
      .deleteFrom('guacamole_connection_group')
      .where('connection_group_name', '=', `${mine} ${what}`)
      .execute())
  const sample = await restOneByOne(server, fleet(`${mine} others`), SAMPLE)
  await clear('others')
  // On an installation that is empty but for the sample: with every row that is there a call takes longer, so the whole takes no less.
  const peer = {
    name: `one call an object and a grant, same server (from ${sample.calls} of ${theirs.calls} calls)`,
    value: (sample.seconds / sample.calls) * theirs.calls,
  }
  const realSql = await bySql(open, fleet(`${mine} sql`))
  await clear('sql')
  const realRest = await byRest(server, fleet(`${mine} rest`))
  await clear('rest')
  await database.close()
  rows.push(
    ...sqlRows('real server by ', realSql, peer),
    ...restRows('real server by ', realRest),
    row({ name: `real server by REST, ${size}, from empty`, unit: 's', value: realRest.first.seconds, peer }),
    row({ name: 'real server by REST, 100 changes', unit: 's', value: realRest.later.seconds }),
  )
}
report(rows)
