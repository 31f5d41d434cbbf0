import { mkdirSync, writeFileSync } from 'node:fs'
import { faultPoints } from '../../test/tunnel/faults.ts'
import { openStage } from '../../test/tunnel/stage.ts'

/**
 * Hits `up` and its end at every enumerated point, and counts what is left after the next run: servers, devices, leases, connects without their
 * disconnect. Prints one line a point; `--json` prints the table. Writes docs/proof/tunnel.json.
 */
const stage = await openStage()
const rows: Record<string, unknown>[] = []
try {
  for (const { name, aws = [], laptop = {} } of faultPoints) {
    await stage.aws.lab.setFaults(aws)
    const { failure, left, ...after } = await stage.live({ ...laptop })
    const ok = Object.values(after).every((count) => count === 0)
    rows.push({ point: name, outcome: failure || 'worked', settledLater: left > 0, ...after, ok })
    console.error(
      `${ok ? 'ok    ' : 'FAILED'}  ${name}: ${failure || 'worked'}${left > 0 ? ', settled by the next run' : ''}`,
    )
  }
} finally {
  await stage.close()
}
const failed = rows.filter(({ ok }) => !ok).length
const report = { points: rows.length, failed, rows }
mkdirSync('docs/proof', { recursive: true })
writeFileSync('docs/proof/tunnel.json', `${JSON.stringify(report, undefined, 1)}\n`)
if (process.argv.includes('--json')) console.log(JSON.stringify(report))
console.error(`${rows.length} points, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
