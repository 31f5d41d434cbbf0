import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { guacamoleContract } from '../../../../test/fixtures/guacamole/contract.ts'
import { dyingAfter } from '../../../../test/fixtures/guacamole/dying-session.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'
import { settingsFor } from '../../../../test/fixtures/guacamole/stage.ts'
import { Secret } from '../../../kernel/secret.ts'
import { openSqlite } from '../../../store/sqlite.ts'
import { NONE_OPEN } from '../close-sessions.ts'
import { storeLedger } from '../mark-ledger.ts'
import { guacamoleRest } from './guacamole-rest.ts'
import { createRestSession, type RestSession } from './session.ts'
import { closeSessionsOn } from './sessions.ts'

guacamoleContract('by REST on a fake server', async () => {
  const server = await startFakeGuacamole()
  const stage = await restStage(server)
  return {
    ...stage,
    reset: async () => server.reset(),
    async stop() {
      await stage.stop()
      await server.stop()
    },
  }
})

guacamoleContract('by REST on a fake server that forgets marks', async () => {
  const server = await startFakeGuacamole()
  server.forgetsMarks = true
  const store = await openSqlite(':memory:')
  const stage = await restStage(server, 'Enchilada', { ledger: storeLedger(store, server.url) })
  return {
    ...stage,
    reset: async () => server.reset(),
    async stop() {
      await stage.stop()
      await server.stop()
      await store.close()
    },
  }
})

describe('the REST client', () => {
  let server: FakeGuacamole
  beforeAll(async () => {
    server = await startFakeGuacamole()
  })
  beforeEach(() => server.reset())
  afterAll(() => server.stop())
  const scope = scopeOf('111122223333')

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'a server that fails at write %i, before or after it was done, is in step after the next pass',
    async (at) => {
      const stage = await restStage(server)
      for (const applied of [false, true]) {
        server.reset()
        const catalogue = stage.open({ clock: createFakeClock(), readersOf: () => ['engineers'] })
        const wanted = [1, 2, 3].map((n) => connectionOf({ n }))
        server.failPatch(at, applied)
        await catalogue.keepInStep(scope, async () => wanted).catch(() => undefined)
        server.failPatch(99, false)
        for (const _ of [0, 1, 2]) await catalogue.keepInStep(scope, async () => wanted)
        expect(await catalogue.keepInStep(scope, async () => wanted)).toEqual({ put: [], removed: [], refused: [] })
        const seen = await stage.see()
        expect(seen.connections.map((one) => [one.name, one.ours, one.readers]).sort()).toEqual(
          ['host-1', 'host-2', 'host-3'].map((name) => [name, true, ['engineers']]),
        )
        expect(seen.groups.map((group) => [group.path.join('/'), group.readers])).toEqual([
          ['Enchilada', ['engineers']],
          ['Enchilada/Prod', ['engineers']],
          ['Enchilada/Prod/eu-west-1', ['engineers']],
        ])
      }
      await stage.stop()
    },
  )

  test('an account that does not see what others made deletes no group, and rests', async () => {
    const stage = await restStage(server)
    const guacamole = stage.open({ clock: createFakeClock(), settings: { keepEnded: 0 } })
    server.administers = false
    const blind = stage.open({ clock: createFakeClock(), settings: { keepEnded: 0 } })
    await blind.keepInStep(scope, async () => [connectionOf({ n: 1 })])
    await blind.keepInStep(scope, async () => [])
    expect(await blind.keepInStep(scope, async () => [])).toEqual({ put: [], removed: [], refused: [] })
    expect((await stage.see()).groups).toHaveLength(3)
    server.administers = true
    await guacamole.keepInStep(scope, async () => [])
    expect((await stage.see()).groups).toEqual([])
    await stage.stop()
  })

  test('a user group that is there and that the account may not see is named, and granted to when it may', async () => {
    const stage = await restStage(server)
    await stage.byHand.makeUserGroup('engineers')
    const guacamole = stage.open({ clock: createFakeClock(), readersOf: () => ['engineers'] })
    const pass = () => guacamole.keepInStep(scope, async () => [connectionOf({ n: 1 })])
    server.hiddenGroup = 'engineers'
    await expect(pass()).rejects.toMatchObject({ code: 'GUACAMOLE_USER_GROUP_HIDDEN', details: { group: 'engineers' } })
    server.hiddenGroup = undefined
    await pass()
    expect((await stage.see()).connections).toMatchObject([{ name: 'host-1', readers: ['engineers'] }])
    await stage.stop()
  })

  test('a live session ends with its instance, and no other', async () => {
    const stage = await restStage(server)
    const guacamole = stage.open({ clock: createFakeClock() })
    await guacamole.keepInStep(scope, async () => [connectionOf({ n: 1 }), connectionOf({ n: 2 })])
    const { connections } = await stage.see()
    for (const { id, name } of connections) {
      server.activeConnections.set(name, { identifier: name, connectionIdentifier: id, username: 'ann', startDate: 0 })
    }
    await guacamole.keepInStep(scope, async () => [connectionOf({ n: 2 })])
    expect([...server.activeConnections.keys()]).toEqual(['host-2'])
    server.activeConnections.clear()
    await stage.stop()
  })

  test('a server that forgets marks is refused where nobody else would keep them; nothing stays of the trial', async () => {
    server.forgetsMarks = true
    const stage = await restStage(server)
    const step = stage.open({ clock: createFakeClock() }).keepInStep(scope, async () => [connectionOf({ n: 1 })])
    await expect(step).rejects.toMatchObject({ code: 'GUACAMOLE_MARK_LOST' })
    expect(await stage.see()).toEqual({ connections: [], groups: [] })
    server.forgetsMarks = false
    await stage.stop()
  })

  test('a session that could not be ended is ended at the next pass, and by the next process', async () => {
    const stage = await restStage(server)
    const wish = { clock: createFakeClock() }
    const first = stage.open(wish)
    await first.keepInStep(scope, async () => [connectionOf({ n: 1 })])
    const open = async () => {
      const [one] = (await stage.see()).connections
      const live = { identifier: 'x', connectionIdentifier: one?.id ?? '', username: 'ann', startDate: 0 }
      server.activeConnections.set('x', live)
    }
    await open()
    server.hidesActive = true
    const told = { again: { code: 'GUACAMOLE_SESSIONS_OPEN' } }
    expect(await first.keepInStep(scope, async () => [])).toMatchObject({ removed: { length: 1 }, ...told })
    server.hidesActive = false
    await wish.clock.advance(20_000)
    expect(await first.keepInStep(scope, async () => [])).toEqual({ put: [], removed: [], refused: [] })
    expect(server.activeConnections.size).toBe(0)
    await open()
    await stage.open(wish).keepInStep(scope, async () => [])
    expect(server.activeConnections.size).toBe(0)
    await stage.stop()
  })

  test('deleted at once: whichever call was the last of a process, no session outlives its connection', async () => {
    const stage = await restStage(server)
    let isWhole = false
    for (let calls = 0; !isWhole && calls < 30; calls += 1) {
      server.reset()
      await stage.open({ clock: createFakeClock() }).keepInStep(scope, async () => [connectionOf({ n: 1 })])
      const id = (await stage.see()).connections[0]?.id ?? expect.fail()
      server.activeConnections.set('x', { identifier: 'x', connectionIdentifier: id, username: 'ann', startDate: 0 })
      const dying = dyingAfter(calls, stage.session)
      const process = (session: RestSession) =>
        guacamoleRest({
          session,
          settings: settingsFor(stage.root, { keepEnded: 0 }),
          readersOf: () => [],
          secrets: [],
          clock: createFakeClock(),
          alone: (work) => work(),
          closeSessions: closeSessionsOn([session], createFakeClock()),
        }).keepInStep(scope, async () => [])
      isWhole = await process(dying).then(
        () => true,
        () => false,
      )
      const { connections } = await stage.see()
      expect([calls, connections.length === 0 && server.activeConnections.size > 0]).toEqual([calls, false])
      await process(stage.session)
      expect([calls, (await stage.see()).connections.length, server.activeConnections.size]).toEqual([calls, 0, 0])
    }
    expect(isWhole).toBe(true)
    await stage.stop()
  })

  test('what cannot be ended is not deleted, but out of sight until it can', async () => {
    const stage = await restStage(server)
    const clock = createFakeClock()
    const guacamole = stage.open({ clock, settings: { keepEnded: 0 }, readersOf: () => ['all'] })
    await guacamole.keepInStep(scope, async () => [connectionOf({ n: 1 })])
    server.hidesActive = true
    const pass = () => guacamole.keepInStep(scope, async () => [])
    for (const removed of [1, 0]) {
      expect(await pass()).toMatchObject({ removed: { length: removed }, again: { code: 'GUACAMOLE_SESSIONS_OPEN' } })
      expect((await stage.see()).connections).toMatchObject([
        { path: [stage.root, 'Ended'], readers: [], parameters: {} },
      ])
    }
    server.hidesActive = false
    await clock.advance(20_000)
    await pass()
    expect(await stage.see()).toEqual({ connections: [], groups: [] })
    await stage.stop()
  })

  test('what the mark does not show is found where it is looked for: parameters, grants taken and grants of groups', async () => {
    const stage = await restStage(server)
    const wish = { clock: createFakeClock(), readersOf: () => ['engineers'] }
    const wanted = async () => [connectionOf({ n: 1 }), connectionOf({ n: 2 })]
    await stage.open(wish).keepInStep(scope, wanted)
    const before = await stage.see()
    const [one] = before.connections
    await stage.byHand.editConnection(one?.id ?? '', { host: '192.0.2.66' })
    await stage.byHand.ungrant('engineers', one?.id ?? '')
    expect((await stage.open(wish).keepInStep(scope, wanted)).put).toEqual([])
    const deep = stage.open({ ...wish, deep: true })
    expect((await deep.plan(scope, await wanted())).lines.map((line) => line.do).sort()).toEqual(['change', 'grant'])
    await deep.keepInStep(scope, wanted)
    expect(await stage.see()).toEqual(before)
    expect(await deep.keepInStep(scope, wanted)).toEqual({ put: [], removed: [], refused: [] })
    await stage.stop()
  })

  test('a dead token is renewed once, a denial is not', async () => {
    const session = createRestSession({ ...server, password: new Secret(server.password), clock: createFakeClock() })
    const before = server.logins()
    const tree = 'session/data/postgresql/connectionGroups/ROOT/tree'
    expect((await session.call('GET', tree)).status).toBe(200)
    server.forgetTokens()
    expect((await session.call('GET', tree)).status).toBe(200)
    expect(server.logins() - before).toBe(2)
    await session.close()
  })

  test('after a refused login nothing is sent until the ban would be over', async () => {
    const clock = createFakeClock()
    const session = createRestSession({ ...server, password: new Secret('wrong'), clock })
    const before = server.logins()
    for (const _ of [1, 2, 3]) {
      await expect(session.call('GET', 'session/data/postgresql/userGroups')).rejects.toMatchObject({
        code: 'GUACAMOLE_LOGIN_REFUSED',
        retryable: true,
      })
    }
    expect(server.logins() - before).toBe(1)
    server.changePassword('wrong')
    await clock.advance(360_000)
    expect((await session.call('GET', 'session/data/postgresql/userGroups')).status).toBe(200)
    server.changePassword(server.password)
    await session.close()
  })

  test('what is under way when its time is over is given up, and nothing more is sent', async () => {
    const time = new AbortController()
    const paths: string[] = []
    const bounded = createRestSession({
      ...{
        url: server.url,
        userName: server.userName,
        password: new Secret(server.password),
        clock: createFakeClock(),
      },
      until: () => time.signal,
      onCall: ({ path }) => {
        paths.push(path)
        if (path.endsWith('/tree')) time.abort(new Error('the time is over'))
      },
    })
    const catalogue = guacamoleRest({
      ...{ session: bounded, settings: settingsFor('Enchilada'), readersOf: () => [], secrets: [] },
      ...{ clock: createFakeClock(), alone: (work) => work(), closeSessions: async () => NONE_OPEN },
    })
    const pass = catalogue.keepInStep(scopeOf('111122223333'), async () => [connectionOf({ n: 1 })])
    await expect(pass).rejects.toMatchObject({
      code: 'GUACAMOLE_UNREACHABLE',
      message: expect.stringContaining('the time is over'),
    })
    expect(paths.filter((path) => path.endsWith('/tree'))).toHaveLength(1)
    expect(paths.at(-1)).toMatch(/tree$/)
  })

  test('a server that is not there is a coded error', async () => {
    const away = {
      url: 'http://127.0.0.1:1/guacamole',
      userName: 'a',
      password: new Secret('b'),
      clock: createFakeClock(),
    }
    await expect(createRestSession(away).dataSource()).rejects.toMatchObject({
      code: 'GUACAMOLE_UNREACHABLE',
      retryable: true,
    })
  })
})
