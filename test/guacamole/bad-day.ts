import type { KyselyPlugin } from 'kysely'
import type { Guacamole } from '../../src/catalogue/guacamole/guacamole.ts'
import type { GuacamoleDatabase } from '../../src/catalogue/guacamole/sql/open-database.ts'
import type { Connection } from '../../src/model/connection.ts'
import { createFakeClock } from '../fixtures/fake-clock.ts'
import { connectionOf, scopeOf } from '../fixtures/guacamole/connections.ts'
import type { GuacamoleStage, Seen } from '../fixtures/guacamole/stage.ts'
import { createRandom } from '../fixtures/random.ts'

/** A stage that can be made to fail in the middle of a pass. `at` counts statements or writes from the next one on. */
export type BreakableStage = GuacamoleStage & { breakAt(at: number): void; mend(): void }
export type BadDay = { passes: number; broken: number; byHand: number; faults: string[] }

const scopes = [scopeOf('111122223333'), scopeOf('444455556666')] as const
const names = ['web', 'Web', 'db', 'web (2)', 'wéb'] as const
const groups = [['Prod'], ['Prod', 'eu'], ['prod', 'EU'], ['Test']] as const

/** Passes that are cut short, two workers at once and a person at work; afterwards three quiet passes. */
export async function runBadDay(stage: BreakableStage, seed: number, steps = 25): Promise<BadDay> {
  const { below: dice, pick } = createRandom(seed)
  const clock = createFakeClock()
  const readersOf = ({ instance }: Connection) =>
    (instance.tags['readers'] ?? '').split(' ').filter((one) => one !== '')
  const workers = [0, 1].map(() => stage.open({ clock, readersOf }))
  const fleet = new Map<number, Connection>()
  const day: BadDay = { passes: 0, broken: 0, byHand: 0, faults: [] }
  const fault = (text: string) => void day.faults.push(`seed ${seed}: ${text}`)

  const wanted = (scope: (typeof scopes)[number]) =>
    [...fleet.values()].filter((one) => one.scope.account === scope.account)
  const pass = async (worker: Guacamole) => {
    for (const scope of scopes) await worker.keepInStep(scope, async () => wanted(scope))
    day.passes += 1
  }
  let theirs = checksum(await stage.see())
  const untouched = async (when: string) => {
    const now = checksum(await stage.see())
    if (now !== theirs) fault(`${when}: what is not ours changed\n  ${theirs}\n  ${now}`)
    theirs = now
  }

  for (let step = 0; step < steps; step += 1) {
    const n = dice(6)
    switch (dice(6)) {
      case 0:
        fleet.delete(n)
        break
      case 1: {
        const tags = { readers: pick(['', 'engineers', 'engineers operators']) }
        const scope = scopes[n % 2] ?? scopes[0]
        fleet.set(
          n,
          connectionOf({ n, scope, name: pick(names), group: pick(groups), host: `10.0.0.${dice(250)}`, tags }),
        )
        break
      }
      case 2:
        stage.breakAt(dice(14))
        await pass(pick(workers)).catch(() => {
          day.broken += 1
        })
        stage.mend()
        await untouched('a broken pass')
        break
      case 3:
        await Promise.all(workers.map(pass)).catch((error: unknown) => fault(`two workers: ${error}`))
        await untouched('two workers')
        break
      case 4:
        await editByHand(stage, dice)
        day.byHand += 1
        theirs = checksum(await stage.see())
        break
      default:
        await clock.advance(dice(2) * 3_600_000)
    }
  }
  for (const worker of [...workers, ...workers])
    await pass(worker).catch((error: unknown) => fault(`a quiet pass: ${error}`))
  await untouched('the quiet passes')
  await judge(stage, workers[0], fleet, fault)
  return day
}

async function editByHand(stage: GuacamoleStage, dice: (n: number) => number): Promise<void> {
  const { connections, groups: all } = await stage.see()
  const group = all[dice(all.length + 1)]
  const ours = connections.filter((one) => one.ours)
  const one = ours[dice(ours.length)]
  const name = `by hand ${dice(1e9)}`
  const what = dice(4)
  if (what === 0)
    await stage.byHand
      .makeConnection(dice(2) ? name : 'web', group?.id, { hostname: '192.0.2.1' })
      .catch(() => undefined)
  if (what === 1) await stage.byHand.makeGroup(name, group?.id).catch(() => undefined)
  if (what === 2 && one) await stage.byHand.editConnection(one.id, { name })
  if (what === 3 && one && group) await stage.byHand.editConnection(one.id, { parent: group.id, name })
}

async function judge(
  stage: GuacamoleStage,
  worker: Guacamole | undefined,
  fleet: ReadonlyMap<number, Connection>,
  fault: (text: string) => void,
): Promise<void> {
  for (const scope of scopes) {
    const connections = [...fleet.values()].filter((one) => one.scope.account === scope.account)
    const plan = await worker?.plan(scope, connections)
    if (plan && plan.lines.length > 0) fault(`not in step: ${JSON.stringify(plan.lines)}`)
  }
  const seen = await stage.see()
  const live = seen.connections.filter((one) => one.ours && one.path[1] !== 'Ended')
  const text = (all: readonly (readonly [string | undefined, readonly string[]])[]) => JSON.stringify([...all].sort())
  const held = text(live.map((one) => [one.parameters['hostname'], one.readers]))
  const expected = text(
    [...fleet.values()].map((one) => [
      one.instance.privateIp,
      (one.instance.tags['readers'] ?? '').split(' ').filter((reader) => reader !== ''),
    ]),
  )
  if (held !== expected) fault(`held ${held}, wanted ${expected}`)
  for (const one of live) {
    for (const [at] of one.path.entries()) {
      const path = JSON.stringify(one.path.slice(0, at + 1))
      const above = seen.groups.filter((group) => JSON.stringify(group.path) === path && group.ours)
      const blind = one.readers.filter((reader) => !above.some((group) => group.readers.includes(reader)))
      if (blind.length > 0) fault(`${blind} cannot see ${path}, which ${one.name} is in`)
    }
  }
}

/** Everything without our mark, whole; but for what a broken pass by REST left, which its name says is ours. */
export const checksum = ({ connections, groups: all }: Seen): string => {
  const foreign = [
    ...connections.filter((one) => !one.ours && !/^enchilada [0-9a-f]{20} /.test(one.name) && !inTrial(one)),
    ...all.filter((one) => !one.ours && !one.path.at(-1)?.startsWith('enchilada new group ')),
  ]
  return foreign
    .map((one) => JSON.stringify(one))
    .sort()
    .join('\n')
}

/** What marks are tried on. */
const inTrial = ({ path, name }: Seen['connections'][number]): boolean =>
  name === 'enchilada check' && /^enchilada new group \d+$/.test(path[0] ?? '')

/** Breaks off at a statement, as a killed worker or a lost connection does; what was done until then is rolled back. */
export function breakable(database: GuacamoleDatabase): GuacamoleDatabase & Pick<BreakableStage, 'breakAt' | 'mend'> {
  let left = Number.POSITIVE_INFINITY
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      left -= 1
      if (left < 0) throw new Error('the worker was killed')
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return {
    ...database,
    alone: (work) => database.alone(({ trx, dialect }) => work({ trx: trx.withPlugin(plugin), dialect })),
    breakAt: (at) => {
      left = at
    },
    mend: () => {
      left = Number.POSITIVE_INFINITY
    },
  }
}
