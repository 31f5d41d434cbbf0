import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createFakeClock } from '../fixtures/fake-clock.ts'
import type { GuacamoleStage } from '../fixtures/guacamole/stage.ts'
import type { PostgresPair } from '../fixtures/postgres-pair.ts'
import { checksum } from './bad-day.ts'
import type { Doom } from './doomed-worker.ts'
import { fleets, readersOf, scope } from './fleets.ts'

/** `done`: the pass ended before the step at which it was to be cut short. */
export type HardDay = { faults: string[]; done: boolean }

/** Where a worker of its own process can be sent. */
export type DoomedStage = GuacamoleStage & {
  doom: Omit<Doom, 'dieAfter'>
  reset(): Promise<void>
  stop(): Promise<void>
}

const wish = () => ({ clock: createFakeClock(Date.now()), readersOf })

/**
 * A worker is killed by SIGKILL after its n-th statement or call; a person edits what it left; the next pass ends it, with
 * nothing of the person's touched.
 */
export async function killAt(stage: DoomedStage, dieAfter: number): Promise<HardDay> {
  await stage.reset()
  await stage.open(wish()).keepInStep(scope, async () => fleets.before)
  await editByHand(stage, 'before')
  const doom: Doom = { ...stage.doom, dieAfter }
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'doomed-worker.ts'), JSON.stringify(doom)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    worker.once('exit', (...how) => resolve(how)),
  )
  const faults = signal === 'SIGKILL' || code === 0 ? [] : [`the worker ended with ${code ?? signal}`]
  await editByHand(stage, 'after')
  faults.push(...(await endsInStep(stage)))
  return { faults: faults.map((one) => `killed after ${dieAfter}: ${one}`), done: signal !== 'SIGKILL' }
}

/** The database dies in the middle of a pass and comes back, from its own data or as its standby. */
export async function failOver(
  pair: PostgresPair,
  stage: GuacamoleStage & { atStatement(at: number, then: () => void): void },
  how: 'restart' | 'promote',
  at: number,
): Promise<HardDay> {
  await stage.open(wish()).keepInStep(scope, async () => fleets.before)
  await editByHand(stage, 'before')
  await pair.settle()
  let dead: Promise<void> | undefined
  stage.atStatement(at, () => {
    dead = pair.kill()
  })
  const pass = () => stage.open(wish()).keepInStep(scope, async () => fleets.after)
  const broken = await pass().then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  )
  const faults: string[] = []
  if (!dead) return { faults: ['the pass ended before the database died'], done: true }
  await dead
  if (broken !== undefined && broken !== 'GUACAMOLE_UNREACHABLE') faults.push(`a dead database is told as ${broken}`)
  await pair[how]()
  await comesBack(stage)
  await editByHand(stage, 'after')
  faults.push(...(await endsInStep(stage)))
  return { faults: faults.map((one) => `${how} at ${at}: ${one}`), done: false }
}

/** Whoever looks in the moment of a fail-over may hold a connection that is dead: a person tries again. */
async function comesBack(stage: GuacamoleStage): Promise<void> {
  for (let left = 5; ; left -= 1) {
    try {
      await stage.see()
      return
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

/** A person who works meanwhile: takes names in our groups, renames and moves what is ours. */
async function editByHand(stage: GuacamoleStage, when: string): Promise<void> {
  const { connections, groups } = await stage.see()
  const ours = groups.find((group) => group.ours && group.path.join('/') === 'Enchilada/Prod/eu-west-1')
  await stage.byHand.makeConnection(`by hand ${when}`, ours?.id, { hostname: '192.0.2.1', password: 'theirs' })
  const theirs = await stage.byHand.makeGroup(`by hand ${when}`, ours?.id)
  const [one] = connections.filter((each) => each.ours && each.path[1] !== 'Ended')
  if (one && when === 'after') await stage.byHand.editConnection(one.id, { name: 'mine', parent: theirs })
}

async function endsInStep(stage: GuacamoleStage): Promise<string[]> {
  const faults: string[] = []
  const theirs = checksum(await stage.see())
  const worker = stage.open(wish())
  for (const _ of [0, 1]) await worker.keepInStep(scope, async () => fleets.after)
  const { lines } = await worker.plan(scope, fleets.after)
  if (lines.length > 0) faults.push(`not in step: ${JSON.stringify(lines)}`)
  const seen = await stage.see()
  if (checksum(seen) !== theirs) faults.push(`what is not ours changed:\n  ${theirs}\n  ${checksum(seen)}`)
  const live = seen.connections.filter((one) => one.ours && one.path[1] !== 'Ended')
  const text = (all: readonly (readonly [string | undefined, readonly string[]])[]) => JSON.stringify([...all].sort())
  const held = text(live.map((one) => [one.parameters['hostname'], one.readers]))
  const wanted = text(fleets.after.map((one) => [one.instance.privateIp, readersOf(one)]))
  if (held !== wanted) faults.push(`held ${held}, wanted ${wanted}`)
  for (const one of live) {
    for (const [at] of one.path.entries()) {
      const path = JSON.stringify(one.path.slice(0, at + 1))
      const above = seen.groups.filter((group) => JSON.stringify(group.path) === path && group.ours)
      const blind = one.readers.filter((reader) => !above.some((group) => group.readers.includes(reader)))
      if (blind.length > 0) faults.push(`${blind} cannot see ${path}, which ${one.name} is in`)
    }
  }
  return faults
}
