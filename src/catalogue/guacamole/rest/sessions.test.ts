import { afterEach, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'
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
  expect(await closeSessionsOn([leaving])(['1', '2'])).toEqual({ staying: new Set(['2']) })
})
