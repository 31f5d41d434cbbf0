import { faultTable } from '../../test/tunnel/faults.ts'
import { openStage } from '../../test/tunnel/stage.ts'

/**
 * Hits `up` and its end at every enumerated point, with both engines, and counts what is left after the next run: servers, devices, leases, connects without their
 * disconnect. The points are enumerated, not drawn: there is no seed. `--json` prints the table.
 */
const stage = await openStage()
const rows: Record<string, unknown>[] = []
try {
  for (const { engine, name, aws = [], laptop = {} } of faultTable) {
    await stage.aws.lab.setFaults(aws)
    const { failure, left, ...after } = await stage.live({ ...laptop }, engine)
    const ok = Object.values(after).every((count) => count === 0)
    rows.push({ engine, point: name, outcome: failure || 'worked', settledLater: left > 0, ...after, ok })
    console.error(
      `${ok ? 'ok    ' : 'FAILED'}  ${engine}, ${name}: ${failure || 'worked'}${left > 0 ? ', settled by the next run' : ''}`,
    )
  }
} finally {
  await stage.close()
}
const failed = rows.filter(({ ok }) => !ok).length
const settledLater = rows.filter((row) => row['settledLater']).length
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ name: 'tunnel', seed: 'enumerated', cases: rows.length, failed, settledLater, rows }))
} else console.log(`${rows.length} points, ${failed} failed, ${settledLater} settled by the next run`)
process.exitCode = failed === 0 ? 0 : 1
