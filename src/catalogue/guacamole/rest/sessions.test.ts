import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'
import { Secret } from '../../../kernel/secret.ts'
import { createRestSession, type RestSession } from './session.ts'
import { closeSessionsOn } from './sessions.ts'

const scope = scopeOf('111122223333')
let server: FakeGuacamole
let stage: Awaited<ReturnType<typeof restStage>>
beforeEach(async () => {
  server = await startFakeGuacamole()
  stage = await restStage(server)
})
afterEach(async () => {
  await stage.stop()
  await server.stop()
})

const held = async () => (await stage.see()).connections
const enter = (id: string) =>
  server.activeConnections.set(id, { identifier: id, connectionIdentifier: id, username: 'ann', startDate: 0 })

test('a session that the account may not end is told, and its own connection alone is not deleted until it is over', async () => {
  server.administers = false
  const guacamole = stage.open({ clock: createFakeClock(), settings: { keepEnded: 0 } })
  const all = [connectionOf({ n: 1 }), connectionOf({ n: 2 })]
  await guacamole.keepInStep(scope, async () => all)
  const one = (await held()).find(({ name }) => name === 'host-1') ?? expect.fail()
  enter(one.id)
  const told = [{ id: all[0]?.id, error: { code: 'GUACAMOLE_SESSIONS_STAY' } }]
  for (const removed of [2, 0]) {
    expect(await guacamole.keepInStep(scope, async () => [])).toMatchObject({
      removed: { length: removed },
      refused: told,
    })
    expect(await held()).toMatchObject([{ id: one.id, path: [stage.root, 'Ended'], parameters: {} }])
  }
  expect(server.activeConnections.size).toBe(1)
  server.activeConnections.clear()
  expect(await guacamole.keepInStep(scope, async () => [])).toMatchObject({ removed: { length: 1 }, refused: [] })
  expect(await held()).toEqual([])
})

test('a session that stays is ended as soon as the account may; one in a connection that is wanted again is not', async () => {
  server.administers = false
  const guacamole = stage.open({ clock: createFakeClock() })
  const all = [connectionOf({ n: 1 }), connectionOf({ n: 2 })]
  await guacamole.keepInStep(scope, async () => all)
  for (const { id } of await held()) enter(id)
  expect((await guacamole.keepInStep(scope, async () => [])).refused).toHaveLength(2)
  const back = (await held()).find(({ name }) => name.startsWith('host-1')) ?? expect.fail()
  server.administers = true
  expect((await guacamole.keepInStep(scope, async () => all.slice(0, 1))).refused).toEqual([])
  expect([...server.activeConnections.keys()]).toEqual([back.id])
})

test('a session that is over by itself while it is refused stays nowhere', async () => {
  server.administers = false
  const leaving: typeof stage.session = {
    ...stage.session,
    async call(method, ...request) {
      const answer = await stage.session.call(method, ...request)
      if (method === 'PATCH') server.activeConnections.delete('1')
      return answer
    },
  }
  for (const id of ['1', '2']) enter(id)
  expect(await closeSessionsOn([leaving], createFakeClock())(['1', '2'])).toEqual({ staying: new Set(['2']) })
})

describe('with a second node that is away', () => {
  let other: FakeGuacamole
  let node: RestSession
  const clock = createFakeClock()
  beforeEach(async () => {
    other = await startFakeGuacamole()
    node = createRestSession({ ...other, password: new Secret(other.password), clock })
    await node.dataSource()
  })
  afterEach(() => other.stop())
  const open = (keepEnded: number) =>
    stage.open({ clock, settings: { keepEnded }, closeSessions: closeSessionsOn([stage.session, node], clock) })

  test('all is written, by a new process too; the sessions that the first has end, and those of the second when it is back', async () => {
    const first = open(3_600_000)
    await first.keepInStep(scope, async () => [connectionOf({ n: 1 }), connectionOf({ n: 2 })])
    const one = (await held()).find(({ name }) => name === 'host-1') ?? expect.fail()
    enter(one.id)
    other.activeConnections.set('x', { identifier: 'x', connectionIdentifier: one.id, username: 'bob', startDate: 0 })
    other.away = true
    const told = { refused: [], again: { code: 'GUACAMOLE_SESSIONS_OPEN', details: { count: 1 } } }
    expect(await first.keepInStep(scope, async () => [connectionOf({ n: 2 })])).toMatchObject({
      removed: { length: 1 },
      ...told,
    })
    expect([server.activeConnections.size, other.activeConnections.size]).toEqual([0, 1])

    const next = open(3_600_000)
    const there = scopeOf('444455556666')
    // Another scope has nothing open there: it is not asked for again.
    expect(await next.keepInStep(there, async () => [connectionOf({ n: 3, scope: there })])).toEqual({
      put: [expect.any(String)],
      removed: [],
      refused: [],
    })
    const renamed = [connectionOf({ n: 2, name: 'other' })]
    expect(await next.keepInStep(scope, async () => renamed)).toMatchObject({ put: { length: 1 }, ...told })
    other.away = false
    await clock.advance(20_000)
    expect(await next.keepInStep(scope, async () => renamed)).toEqual({ put: [], removed: [], refused: [] })
    expect(other.activeConnections.size).toBe(0)
  })

  test('nothing is deleted, and the node is left alone for a while', async () => {
    const guacamole = open(0)
    await guacamole.keepInStep(scope, async () => [connectionOf({ n: 1 })])
    other.away = true
    const pass = () => guacamole.keepInStep(scope, async () => [])
    for (const _ of [1, 2, 3]) {
      expect(await pass()).toMatchObject({ again: { code: 'GUACAMOLE_SESSIONS_OPEN' } })
      expect(await held()).toHaveLength(1)
    }
    expect(other.calls).toEqual(['GET away'])
    other.away = false
    await clock.advance(20_000)
    await pass()
    expect(await held()).toEqual([])
  })
})
