import { DatabaseSync } from 'node:sqlite'
import { newId } from '../../src/kernel/ids.ts'
import type { SessionFacts } from '../../src/recording/format.ts'
import { waitFor } from '../product/serve.ts'
import { signIn } from '../product/sign-in.ts'
import { accountId, openBenchWorld, REGIONS } from '../product/world.ts'
import { report } from '../report.ts'
import { benchCliStart } from './cli-start.ts'
import { fillFleet, policiesOf } from './fleet.ts'
import { benchIndex, writeLongRecording } from './long-recording.ts'
import { recordRealSession } from './real-session.ts'
import { benchReplay } from './replay.ts'
import { benchSearch } from './search.ts'

const quick = process.argv.includes('--quick')
const accounts = [...Array(quick ? 4 : 40).keys()].map(accountId)
const regions = REGIONS.slice(0, 5)
const INSTANCES = quick ? 400 : 10_000
const HOURS = quick ? 0.1 : 8
const HOUR_MS = 3_600_000

const world = await openBenchWorld({
  fill: (cloud) =>
    fillFleet(
      cloud,
      accounts.flatMap((account) => regions.map((region) => ({ account, region }))),
      INSTANCES,
    ),
  config: () => ({ aws: { accounts: accounts.map((id) => ({ id })), regions } }),
  policies: policiesOf(accountId(1)),
})
try {
  const { serving, provider, installed } = world
  const session = recordRealSession()
  await waitFor('the sweep is over', 300_000, () => /"msg":"swept"/.test(serving.log()), 100)
  const visitor = await signIn(serving.origin, provider, ['engineer', 'team-7', 'auditor'])
  const database = `${serving.data}/enchilada.db`
  const { cols, rows, heard } = await session
  const search = await benchSearch(visitor, database, quick ? 2 : 50)

  const facts = beginSession(database, { cols, rows, startedAt: Date.now() - HOURS * HOUR_MS })
  const { bytes, slices } = await writeLongRecording({
    data: serving.data,
    facts,
    heard,
    durationMs: HOURS * HOUR_MS,
  })
  const size = `${HOURS} h, ${slices} slices, ${Math.round(bytes / 1e6)} MB of output`
  const indexed = await benchIndex(serving.data, facts.id, size)
  const replay = await benchReplay(visitor, facts.id, quick ? 5 : 60, size)
  report([...search, indexed, ...replay, ...benchCliStart(installed.cli, quick ? 3 : 21)])
} finally {
  await world.close()
}

/** A session that somebody had on one of the hosts, as its row in the database says. */
function beginSession(
  database: string,
  { cols, rows, startedAt }: Pick<SessionFacts, 'cols' | 'rows' | 'startedAt'>,
): SessionFacts {
  const file = new DatabaseSync(database, { timeout: 5_000 })
  const host = file.prepare('select * from connections limit 1').get() ?? {}
  const text = (column: string) => String(host[column])
  const facts: SessionFacts = {
    id: newId(),
    connectionId: text('id'),
    connectionName: text('name'),
    scope: text('scope'),
    instanceId: text('instance_id'),
    protocol: 'ssh',
    personId: 'somebody',
    personName: 'somebody@example.com',
    startedAt,
    cols,
    rows,
  }
  const row = {
    id: facts.id,
    connection_id: facts.connectionId,
    scope: facts.scope,
    tenant: text('tenant'),
    account: text('account'),
    instance_id: facts.instanceId,
    connection_name: facts.connectionName,
    group_path: text('group_path'),
    protocol: 'ssh',
    person_id: facts.personId,
    person_name: facts.personName,
    policy_key: text('policy_key'),
    started_at: startedAt,
    ended_at: Date.now(),
    end_reason: 'closed-by-person',
    node: 'bench',
    heartbeat_at: Date.now(),
    recording: 'sealed',
  }
  const columns = Object.keys(row)
  file
    .prepare(`insert into sessions (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`)
    .run(...Object.values(row))
  file.close()
  return facts
}
