import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listLogRecords } from '../../src/audit/list-log-records.ts'
import { logRecords } from '../../src/audit/log-records.ts'
import { verifyRecords } from '../../src/audit/verify-trail.ts'
import { writeScopeMessage } from '../../src/guacamole/scope-message.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { formatScope } from '../../src/model/scope.ts'
import { scopeOf } from '../fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { openGuacamoleDatabase, sqlStage } from '../fixtures/guacamole/sql-stage.ts'
import type { Seen } from '../fixtures/guacamole/stage.ts'
import { startMariadb } from '../fixtures/mariadb.ts'
import { batchOf, take } from './batches.ts'
import { type FollowerStage, instanceOf, reportOf, startFollowerStage, type Writer } from './follower-stage.ts'

// Writer and follower as they are, in this process; what one sends the other goes over a queue and is given by hand.
const invocation = { getRemainingTimeInMillis: () => 30_000.25 }
const nothing = { batchItemFailures: [] }
const here = scopeOf('111122223333')
const there = scopeOf('444455556666')

let stage: FollowerStage
let writer: Writer
beforeAll(async () => {
  stage = await startFollowerStage()
  await stage.publish('engineers')
  writer = await stage.openWriter()
}, 60_000)
afterAll(() => stage.stop())
beforeEach(async () => {
  await take(stage.sqs, stage.queues.guacamole, 0)
  for (const table of ['instances', 'connections', 'scopes', 'guacamole_history'] as const) {
    await stage.store.db.deleteFrom(table).execute()
  }
})

/** The writer settles what was observed; it does not know whether anybody follows. */
const observe = async (scope = here, ...numbers: number[]) => {
  const report = { id: 'report', body: reportOf(scope, numbers.map(instanceOf)) }
  expect(await writer.handler(batchOf('observations', [report]), invocation)).toEqual(nothing)
}
const told = () => take(stage.sqs, stage.queues.guacamole)
const batch = (messages: readonly { id: string; body: string }[]) => batchOf(stage.queues.guacamole, messages)
const scopeMessage = (id: string, scope = here) => ({ id, body: writeScopeMessage(formatScope(scope)) })
const failed = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) })
const hostsOf = ({ connections }: Seen) => connections.map((one) => one.parameters['hostname']).sort()

type Target = {
  settings: object
  /** What opens it. */
  secret: string
  see(): Promise<Seen>
  stop(): Promise<void>
}

async function byRest(): Promise<Target> {
  const server = await startFakeGuacamole()
  const seen = await restStage(server)
  const settings = { rest: { url: server.url, userName: server.userName, password: { env: 'OPENS' } } }
  const stop = async () => {
    await seen.stop()
    await server.stop()
  }
  return { settings, secret: server.password, see: seen.see, stop }
}

async function bySql(engine: 'postgres' | 'mysql'): Promise<Target> {
  const server = engine === 'postgres' ? stage.postgres : await startMariadb()
  const database = await openGuacamoleDatabase(server.url, 'guacamole')
  const at = new URL(server.url)
  at.pathname = '/guacamole'
  return {
    settings: { sql: { [engine]: { env: 'OPENS' } } },
    secret: at.href,
    see: sqlStage(database).see,
    async stop() {
      await database.close()
      if (server !== stage.postgres) await server.stop()
    },
  }
}

describe.each([
  ['REST', byRest],
  ['SQL on PostgreSQL', () => bySql('postgres')],
  ['SQL on MariaDB', () => bySql('mysql')],
] as const)('a Guacamole by %s', (name, open) => {
  let target: Target
  let arns: Record<string, string>
  beforeAll(async () => {
    target = await open()
    arns = { OPENS: await stage.keepSecret(name.replaceAll(' ', '-'), target.secret) }
  }, 60_000)
  afterAll(() => target.stop())

  test('follows what was observed, permissions included, and what comes twice changes nothing', async () => {
    const follower = await stage.openFollower(target.settings, arns)
    await observe(here, 1, 2)
    const messages = await told()
    expect(messages).toHaveLength(1)
    expect(await follower.handler(batch(messages), invocation)).toEqual(nothing)
    const before = await target.see()
    expect(hostsOf(before)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(before.connections.map(({ readers }) => readers)).toEqual([['engineers'], ['engineers']])
    expect(await follower.handler(batch(messages), invocation)).toEqual(nothing)
    expect(await target.see()).toEqual(before)

    await observe(there, 3)
    expect(await follower.handler(batch(await told()), invocation)).toEqual(nothing)
    expect(hostsOf(await target.see())).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3'])
  })

  test('two instances of the function on one scope: one result, nothing doubled', async () => {
    const followers = [await stage.openFollower(target.settings, arns), await stage.openFollower(target.settings, arns)]
    const many = [...Array(20).keys()].map((n) => n + 1)
    await observe(here, ...many)
    const work = followers.flatMap((one) => [
      one.handler(batch([scopeMessage('a'), scopeMessage('b', there)]), invocation),
    ])
    expect(await Promise.all(work)).toEqual([nothing, nothing])
    const hosts = hostsOf(await target.see()).filter((host) => host !== undefined)
    expect(hosts).toEqual(many.map((n) => `10.0.0.${n}`).sort())
  })
})

describe('when something fails', () => {
  let server: FakeGuacamole
  let see: () => Promise<Seen>
  let settings: object
  let arns: Record<string, string>
  beforeAll(async () => {
    server = await startFakeGuacamole()
    see = (await restStage(server)).see
    settings = { rest: { url: server.url, userName: server.userName, password: { env: 'OPENS' } } }
    arns = { OPENS: await stage.keepSecret('fake', server.password) }
  })
  beforeEach(() => server.reset())
  afterAll(() => server.stop())

  test('a server that is away holds up no discovery: its scopes come again from the queue, and are written then', async () => {
    const follower = await stage.openFollower(settings, arns)
    await observe(here, 1)
    expect(await follower.handler(batch(await told()), invocation)).toEqual(nothing)
    server.away = true
    await observe(here, 1, 2)
    const held = await stage.store.db.selectFrom('connections').select('instance_id').execute()
    expect(held).toHaveLength(2)
    const messages = await told()
    expect(await follower.handler(batch(messages), invocation)).toEqual(failed(...messages.map(({ id }) => id)))
    server.away = false
    const again = await take(stage.sqs, stage.queues.guacamole, 5)
    expect(again.map(({ id }) => id)).toEqual(messages.map(({ id }) => id))
    expect(await follower.handler(batch(again), invocation)).toEqual(nothing)
    expect(hostsOf(await see())).toEqual(['10.0.0.1', '10.0.0.2'])
  })

  test('a queue that does not take the scope brings the report again; what was observed is written already', async () => {
    const other = await stage.openWriter({ GUACAMOLE_QUEUE_URL: `${stage.queues.guacamole}-that-is-not-there` })
    const report = batchOf('observations', [{ id: 'report', body: reportOf(here, [instanceOf(7)]) }])
    expect(await other.handler(report, invocation)).toEqual(failed('report'))
    expect(await stage.store.db.selectFrom('connections').select('instance_id').execute()).toHaveLength(1)
    expect(await writer.handler(report, invocation)).toEqual(nothing)
    expect((await told()).map(({ body }) => body)).toEqual([writeScopeMessage(formatScope(here))])
  })

  test('at the deadline what is not done goes back; it is given up, and the next invocation does it', async () => {
    const follower = await stage.openFollower(settings, arns)
    await observe(here, 1)
    for (const id of ['writes', 'looks']) {
      expect(await follower.handler(batch([scopeMessage(id)]), invocation)).toEqual(nothing)
    }
    await observe(there, 2)
    const messages = [scopeMessage('a'), scopeMessage('b', there)]
    const stall = Promise.withResolvers<void>()
    server.stalled = stall.promise
    // The tree that was looked at says of the first that nothing is to be done.
    const late = { getRemainingTimeInMillis: () => 8_000 }
    expect(await follower.handler(batch(messages), late)).toEqual(failed('b'))
    server.stalled = undefined
    stall.resolve()
    const tooLate = { getRemainingTimeInMillis: () => 4_000 }
    expect(await follower.handler(batch(messages), tooLate)).toEqual(failed('a', 'b'))
    expect(hostsOf(await see())).toEqual(['10.0.0.1'])
    expect(await follower.handler(batch(messages), invocation)).toEqual(nothing)
    expect(hostsOf(await see())).toEqual(['10.0.0.1', '10.0.0.2'])
  })

  test('one scope that fails goes back alone, and so does a message that names none', async () => {
    const database = await openGuacamoleDatabase(stage.postgres.url, 'refusing')
    await sql`alter table guacamole_connection_parameter add check (parameter_value <> '10.0.0.66')`.execute(
      database.db,
    )
    const at = new URL(stage.postgres.url)
    at.pathname = '/refusing'
    const opens = { OPENS: await stage.keepSecret('refusing', at.href) }
    const follower = await stage.openFollower({ sql: { postgres: { env: 'OPENS' } } }, opens)
    const bad = scopeOf('666666666666')
    await observe(here, 1)
    await observe(bad, 66)
    await observe(there, 2)
    const messages = [
      scopeMessage('bad', bad),
      { id: 'poison', body: '{"scope":"everywhere"}' },
      scopeMessage('a'),
      scopeMessage('bad as well', bad),
      scopeMessage('b', there),
    ]
    expect(await follower.handler(batch(messages), invocation)).toEqual(failed('bad', 'bad as well', 'poison'))
    expect(hostsOf(await sqlStage(database).see())).toEqual(['10.0.0.1', '10.0.0.2'])
    await database.close()
  })

  test('a refused login is not tried again with the same password, and at once with another', async () => {
    const follower = await stage.openFollower(settings, arns)
    await observe(here, 1)
    const one = batch([scopeMessage('a')])
    const before = server.logins()
    server.changePassword('changed by its administrator')
    expect(await follower.handler(one, invocation)).toEqual(failed('a'))
    expect(await follower.handler(one, invocation)).toEqual(failed('a'))
    expect(server.logins()).toBe(before + 1)
    await stage.changeSecret(arns['OPENS'] ?? '', 'changed by its administrator')
    // Finds out that it was the old one.
    expect(await follower.handler(one, invocation)).toEqual(failed('a'))
    expect(await follower.handler(one, invocation)).toEqual(nothing)
    expect(server.logins()).toBe(before + 2)
  })

  test('other policies that `serve` published are in force with the next pass; without any nothing is granted', async () => {
    const follower = await stage.openFollower(settings, arns)
    await observe(here, 1)
    const one = batch([scopeMessage('a')])
    await follower.handler(one, invocation)
    const readers = async () => (await see()).connections.map((connection) => connection.readers)
    expect(await readers()).toEqual([['engineers']])
    await stage.publish('operators')
    expect(await follower.handler(one, invocation)).toEqual(nothing)
    expect(await readers()).toEqual([['operators']])
    await stage.store.db.deleteFrom('guacamole_policies').execute()
    expect(await follower.handler(one, invocation)).toEqual(failed('a'))
    await stage.publish('engineers')
    expect(await follower.handler(one, invocation)).toEqual(nothing)
    expect(await readers()).toEqual([['engineers']])
  })
})

test('the history of Guacamole is in the trail once, whichever instances of the function read it', async () => {
  const server = await startFakeGuacamole()
  const settings = { rest: { url: server.url, userName: server.userName, password: { env: 'OPENS' } } }
  const arns = { OPENS: await stage.keepSecret('history', server.password) }
  const followers = [await stage.openFollower(settings, arns), await stage.openFollower(settings, arns)]
  const row = (identifier: string, more: object) => ({
    ...{ identifier, startDate: Date.now() - 60_000, username: 'ann', remoteHost: '192.0.2.7' },
    ...{ connectionIdentifier: '5', connectionName: 'web', active: false, ...more },
  })
  server.history.push(row('1', { endDate: Date.now() }), row('2', { endDate: null, active: true }))
  const look = () => Promise.all(followers.map((one) => one.handler({ history: true }, invocation)))
  expect(await look()).toEqual([nothing, nothing])
  server.history.push(row('3', { endDate: Date.now() }))
  await look()
  const { items } = await listLogRecords(stage.trail, { kind: 'guacamole.connected' }, { limit: 100 })
  expect(items.map(({ data }) => data?.['historyId']).sort()).toEqual([1, 2, 3])
  expect(await stage.store.db.selectFrom('trail_outbox').selectAll().execute()).toEqual([])
  expect(await verifyRecords({ records: logRecords({ group: stage.trail, clock }) })).toMatchObject({ ok: true })

  server.away = true
  await expect(followers[0]?.handler({ history: true }, invocation)).rejects.toMatchObject({
    code: 'GUACAMOLE_UNREACHABLE',
  })
  await server.stop()
})
