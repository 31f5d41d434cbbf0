import { parseArgs } from 'node:util'
import { startLabAws } from '../../test/fixtures/lab-aws.ts'
import { runBadDay } from '../../test/guacamole/bad-day.ts'
import { dayStages } from '../../test/guacamole/bad-day-stages.ts'
import { killAt } from '../../test/guacamole/hard-day.ts'
import { doomedStages, runFailOver } from '../../test/guacamole/hard-day-stages.ts'
import { runOutage } from '../../test/guacamole/outage.ts'
import { inBucket, inFolder } from '../../test/guacamole/ship-destinations.ts'
import { killShipperAt } from '../../test/guacamole/ship-kill.ts'

/**
 * Bad days of a Guacamole, by each way: passes cut short at every step, two workers at once, a person at work; workers killed
 * by SIGKILL after every statement or call; a database that dies in a pass and comes back, or its standby in its place; ten
 * minutes without a server; shippers of recordings killed by SIGKILL before every step. A sample: `--rounds` days by each way, and
 * only each `--every`th step from one that the seed names.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string', default: '100' },
    every: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const counts: Record<string, { cases: number; failed: number; passes?: number; broken?: number; byHand?: number }> = {}
const count = (name: string, faults: readonly string[]): void => {
  const sum = counts[name] ?? { cases: 0, failed: 0 }
  counts[name] = { ...sum, cases: sum.cases + 1, failed: sum.failed + (faults.length > 0 ? 1 : 0) }
  for (const fault of faults) console.error(`${name}: ${fault}`)
}
const watched = (name: string): void => {
  const seconds = Math.round(performance.now() / 1000)
  console.error(`${seconds} s  ${name}: ${counts[name]?.cases ?? 0} cases, ${counts[name]?.failed ?? 0} failed`)
}

for (const [way, start] of Object.entries(dayStages)) {
  const stage = await start()
  const sum = { passes: 0, broken: 0, byHand: 0 }
  for (let day = 0; day < Number(values.rounds); day += 1) {
    await stage.reset()
    const { faults, passes, broken, byHand } = await runBadDay(stage, seed + day, 40)
    count(`${way}, bad days`, faults)
    sum.passes += passes
    sum.broken += broken
    sum.byHand += byHand
  }
  await stage.stop()
  counts[`${way}, bad days`] = { cases: 0, failed: 0, ...counts[`${way}, bad days`], ...sum }
  watched(`${way}, bad days`)
}

const every = Number(values.every)
/** More steps than a pass has; it says when it is through. */
const MOST_STEPS = 60
const MOST_SHIP_STEPS = 200
for (const [way, start] of Object.entries(doomedStages)) {
  const stage = await start()
  for (let step = seed % every; step < MOST_STEPS; step += every) {
    const { faults, done } = await killAt(stage, step)
    count(`${way}, killed after every step`, faults)
    if (done) break
  }
  await stage.stop()
  watched(`${way}, killed after every step`)
}

// The third statement is the first that reads; the last one is the commit.
for (const how of ['restart', 'promote'] as const) {
  for (let at = 1 + (seed % every); at < MOST_STEPS; at += every) {
    const { faults, done } = await runFailOver(how, at)
    if (done) break
    count(`PostgreSQL dies at every statement, ${how}`, faults)
  }
  watched(`PostgreSQL dies at every statement, ${how}`)
}
count('ten minutes without a server', await runOutage())

const aws = await startLabAws()
for (const [name, open] of [['folder', inFolder] as const, ['bucket', inBucket] as const]) {
  for (let at = seed % every; at < MOST_SHIP_STEPS; at += every) {
    const { faults, done } = await killShipperAt(at, open)
    count(`ship to a ${name}, killed before every step`, faults)
    if (done) break
  }
}
await aws.stop()

const failed = Object.values(counts).reduce((sum, one) => sum + one.failed, 0)
const cases = Object.values(counts).reduce((sum, one) => sum + one.cases, 0)
if (values.json) console.log(JSON.stringify({ name: 'guacamole', seed, every, cases, failed, counts }))
else {
  for (const [name, one] of Object.entries(counts)) {
    const of =
      one.passes === undefined ? '' : `; ${one.passes} passes, ${one.broken} cut short, ${one.byHand} edits by hand`
    console.log(`${name}: ${one.cases} cases, ${one.failed} failed${of}`)
  }
  console.log(`seed ${seed}: ${cases} cases, ${failed} failed`)
}
process.exitCode = failed > 0 ? 1 : 0
