import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { runChaos } from '../../lab/chaos/run-chaos.ts'

/** Bad days for discovery, in the lab, with the product as it is built: `serve` and the functions in turn, or one `--by`. `--rounds` days of `--seconds` each. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    rounds: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '60' },
    by: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const log = (text: string) => console.error(text)

execFileSync(process.execPath, ['script/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] })
const total = {
  cases: 0,
  failed: 0,
  wrongRemovals: 0,
  resurrections: 0,
  different: 0,
  crashes: 0,
  samples: 0,
  eventsLost: 0,
}
const kinds = (['serve', 'lambda'] as const).filter((one) => values.by === undefined || values.by === one)
for (let round = 0; round < Number(values.rounds); round += 1) {
  const by = kinds[round % kinds.length] ?? 'serve'
  const day = await runChaos({ by, seed: seed + round, seconds: Number(values.seconds), workers: 2, log })
  const different = new Set([...day.differentAfterSweep, ...day.differentAfterProof])
  const failed = new Set([...day.findings.map((finding) => finding.id), ...different])
  total.cases += day.lives
  total.failed += failed.size
  total.wrongRemovals += day.findings.filter((finding) => finding.kind === 'wrong-removal').length
  total.resurrections += day.findings.filter((finding) => finding.kind === 'resurrection').length
  total.different += different.size
  total.crashes += day.crashes
  total.samples += day.samples
  total.eventsLost += day.eventsLost
  log(JSON.stringify({ by, ...day }))
}
if (values.json) console.log(JSON.stringify({ name: 'chaos', seed, ...total }))
else {
  console.log(
    `seed ${seed}: ${total.cases} instances, ${total.failed} failed: ${total.wrongRemovals} wrong removals, ` +
      `${total.resurrections} resurrections, ${total.different} different in the end; ${total.crashes} crashes, ` +
      `${total.eventsLost} events lost, ${total.samples} samples`,
  )
}
process.exitCode = total.failed > 0 ? 1 : 0
