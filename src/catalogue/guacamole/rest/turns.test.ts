import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'
import { formatScope } from '../../../model/scope.ts'
import { createTurns } from './turns.ts'

const scope = scopeOf('111122223333')
const elsewhere = scopeOf('444455556666')
const HOUR = 3_600_000
const mark = (of: string) => ({ v: 1 as const, scope: of, instance: '', id: '', content: '', readers: [] })
const held = (n: number, of = formatScope(scope)) => ({
  id: String(n),
  parent: undefined,
  name: '',
  protocol: 'ssh',
  mark: mark(of),
  attributes: {},
})

test('in as many hours as it takes each connection has its turn once, whichever scope is looked at first', () => {
  const other = formatScope(elsewhere)
  const connections = [...Array(1000).keys()].map((n) => held(n, n % 3 === 0 ? other : formatScope(scope)))
  const turns = createTurns(100)
  const seen: string[] = []
  for (let hour = 7; hour < 17; hour += 1) {
    const now = hour * HOUR
    const due = [other, formatScope(scope)].flatMap((of) => turns(connections, of, now).parametersOf)
    expect(due).toHaveLength(100)
    expect(turns(connections, other, now + HOUR - 1).parametersOf).toEqual([])
    seen.push(...due)
  }
  expect(new Set(seen).size).toBe(1000)
})

test('the grants of each scope have one turn a day, spread over its hours', () => {
  const turns = createTurns(100)
  const scopes = [...Array(48).keys()].map((n) => formatScope(scopeOf(String(100_000_000_000 + n))))
  const due = [...Array(96).keys()].map((quarter) =>
    scopes.filter((of) => turns([], of, 7 * HOUR + (quarter * HOUR) / 4).grants),
  )
  expect(due.flat().sort()).toEqual(scopes)
  expect(Math.max(...due.map((some) => some.length))).toBeLessThan(10)
})

test('what somebody wrote into the parameters is put right at its turn, and a quiet look asks for no more than it may', async () => {
  const server = await startFakeGuacamole()
  const stage = await restStage(server)
  const clock = createFakeClock()
  const guacamole = stage.open({ clock, readAnHour: 10 })
  const wanted = [...Array(40).keys()].map((n) => connectionOf({ n }))
  const step = () => guacamole.keepInStep(scope, async () => wanted)
  await step()
  const before = await stage.see()
  const edited = before.connections[17]
  await stage.byHand.editConnection(edited?.id ?? '', { host: '192.0.2.66' })
  const put: string[] = []
  for (let hour = 0; hour < 4; hour += 1) {
    server.calls.splice(0)
    for (let look = 0; look < 4; look += 1) {
      put.push(...(await step()).put)
      await clock.advance(HOUR / 4)
    }
    expect(server.calls.filter((call) => call.endsWith('/parameters'))).toHaveLength(10)
  }
  expect(put).toEqual([wanted.find((one) => one.name === edited?.name)?.id])
  expect(await stage.see()).toEqual(before)
  await stage.stop()
  await server.stop()
})

test('what somebody took is given back within a day, also to a scope that is looked at right after another', async () => {
  const server = await startFakeGuacamole()
  const stage = await restStage(server)
  const clock = createFakeClock()
  const guacamole = stage.open({ clock, readAnHour: 240, treeIsFresh: 30_000, readersOf: () => ['engineers'] })
  const wanted = [scope, elsewhere].map((of, n) => ({ of, one: connectionOf({ n, scope: of }) }))
  const lookAtAll = async () => {
    const put: string[] = []
    for (const { of, one } of wanted) put.push(...(await guacamole.keepInStep(of, async () => [one])).put)
    return put
  }
  await lookAtAll()
  const before = await stage.see()
  await clock.advance(HOUR)
  for (const { id } of before.connections) {
    await stage.byHand.editConnection(id, { host: '192.0.2.66' })
    await stage.byHand.ungrant('engineers', id)
  }
  expect((await lookAtAll()).sort()).toEqual(wanted.map(({ one }) => one.id).sort())
  for (let hour = 0; hour < 24; hour += 1) {
    await lookAtAll()
    await clock.advance(HOUR)
  }
  expect(await stage.see()).toEqual(before)
  await stage.stop()
  await server.stop()
})
