import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createFakeClock } from '../../../../test/fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../../../../test/fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../../../../test/fixtures/guacamole/fake-server.ts'
import { restStage } from '../../../../test/fixtures/guacamole/rest-stage.ts'
import type { Connection } from '../../../model/connection.ts'

/** How many calls a pass takes, on the fake server. */
let server: FakeGuacamole
beforeAll(async () => {
  server = await startFakeGuacamole()
})
beforeEach(() => server.reset())
afterAll(() => server.stop())
const scope = scopeOf('111122223333')

test('a batch of a hundred takes a read, two writes and the grants by fifty', async () => {
  const stage = await restStage(server)
  const clock = createFakeClock()
  const catalogue = stage.open({ clock, readersOf: () => ['engineers', 'operators', 'auditors'] })
  const wanted = (count: number) => [...Array(count).keys()].map((n) => connectionOf({ n }))
  await catalogue.keepInStep(scope, async () => wanted(10))
  server.calls.splice(0)
  await catalogue.keepInStep(scope, async () => wanted(110))
  const grants = server.calls.filter((call) => call.endsWith('/permissions'))
  expect(grants).toHaveLength(6)
  expect(server.calls.filter((call) => !call.endsWith('/permissions'))).toEqual([
    'GET connectionGroups/ROOT/tree',
    'PATCH connections',
    'PATCH connections',
  ])
  expect(server.creatorRows()).toBeGreaterThan(100)
  await catalogue.keepInStep(scope, async () => wanted(110))
  expect(server.creatorRows()).toBe(0)
  await stage.stop()
})

const readersOf = ({ instance }: Connection) => (instance.tags['readers'] ?? 'engineers operators auditors').split(' ')
const many = (count: number, change: (n: number) => Omit<Parameters<typeof connectionOf>[0], 'n'> = () => ({})) =>
  [...Array(count).keys()].map((n) => connectionOf({ n, ...change(n) }))
const apart = (n: number) => ({ group: ['Prod', n < 50 ? 'a' : 'b'] })
const guests = () => ({ tags: { readers: 'auditors guests' } })
/** `beside`: calls that only such a batch needs. A group that became empty is looked at and deleted, a user group made, an ended session sought. */
test.each<[what: string, before: Connection[], after: Connection[], beside: number]>([
  ['new', many(10), many(110), 0],
  [
    'new in groups to be made',
    many(10),
    [...many(10), ...many(110, (n) => ({ group: ['New', `${n % 7}`] })).slice(10)],
    0,
  ],
  [
    'new in a group to be made, for people who saw nothing',
    many(10),
    [...many(10), ...many(110, (n) => ({ ...guests(), group: ['Prod', `${n % 7}`] })).slice(10)],
    2,
  ],
  ['renamed and at new addresses', many(100), many(100, (n) => ({ name: `new ${n}`, host: `10.9.9.${n}` })), 0],
  ['names exchanged', many(100), many(100, (n) => ({ name: `host-${99 - n}` })), 0],
  ['for other people', many(100), many(100, () => ({ tags: { readers: 'engineers auditors' } })), 0],
  ['ended', many(110), many(110).slice(100), 0],
  ['moved to groups to be made, the old one left empty', many(100), many(100, apart), 1],
  ['ended, all that there was in their groups', many(100, apart), [], 2],
  [
    'of every kind at once',
    many(100, apart),
    [
      ...many(50, apart).slice(25),
      ...many(75, (n) => ({ name: `new ${n}`, group: ['Prod', 'c'] })).slice(50),
      ...many(125, (n) => ({ ...guests(), group: ['Test', `${n % 3}`] })).slice(75),
    ],
    5,
  ],
])(
  'a hundred changes, %s: four calls, one a level of new groups, one for fifty grants of a user group',
  async (_what, before, after, beside) => {
    const stage = await restStage(server)
    const catalogue = stage.open({ clock: createFakeClock(), readersOf })
    await catalogue.keepInStep(scope, async () => before)
    const { lines } = await catalogue.plan(scope, after)
    const levels = new Set(lines.filter((line) => line.do === 'add group').map((line) => line.path.length)).size
    const grants = Map.groupBy(
      lines.filter((line) => line.do === 'grant' || line.do === 'revoke'),
      (line) => line.detail,
    )
    const byFifty = [...grants.values()].reduce((sum, { length }) => sum + Math.ceil(length / 50), 0)
    server.calls.splice(0)
    expect(await catalogue.keepInStep(scope, async () => after)).toMatchObject({ refused: [] })
    const calls = [...server.calls]
    expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(4 + levels + byFifty + beside)
    expect((await catalogue.plan(scope, after)).lines).toEqual([])
    await stage.stop()
  },
)

test('a first tree takes back the permissions of its maker as it goes', async () => {
  const stage = await restStage(server)
  const catalogue = stage.open({ clock: createFakeClock() })
  await catalogue.keepInStep(scope, async () => [...Array(600).keys()].map((n) => connectionOf({ n })))
  expect(server.creatorRows()).toBe(3)
  await stage.stop()
})
