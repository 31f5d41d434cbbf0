import { parseArgs } from 'node:util'
import { runBadDay } from '../../test/guacamole/bad-day.ts'
import { dayStages } from '../../test/guacamole/bad-day-stages.ts'

/** Bad days of a Guacamole, by each way: passes cut short at every step, two workers at once, a person at work. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const counts: Record<string, { cases: number; failed: number; passes: number; broken: number; byHand: number }> = {}
for (const [way, start] of Object.entries(dayStages)) {
  const stage = await start()
  const count = { cases: 0, failed: 0, passes: 0, broken: 0, byHand: 0 }
  counts[way] = count
  for (let day = 0; day < Number(values.rounds); day += 1) {
    await stage.reset()
    const { faults, passes, broken, byHand } = await runBadDay(stage, seed + day, 40)
    count.cases += 1
    count.failed += faults.length > 0 ? 1 : 0
    count.passes += passes
    count.broken += broken
    count.byHand += byHand
    for (const fault of faults) console.error(`${way}: ${fault}`)
  }
  await stage.stop()
}
const failed = Object.values(counts).reduce((sum, count) => sum + count.failed, 0)
const cases = Object.values(counts).reduce((sum, count) => sum + count.cases, 0)
if (values.json) console.log(JSON.stringify({ name: 'guacamole', seed, cases, failed, counts }))
else {
  for (const [way, count] of Object.entries(counts)) {
    console.log(
      `${way}: ${count.cases} days, ${count.failed} failed; ${count.passes} passes, ${count.broken} cut short, ${count.byHand} edits by hand`,
    )
  }
  console.log(`seed ${seed}: ${cases} days, ${failed} failed`)
}
process.exitCode = failed > 0 ? 1 : 0
