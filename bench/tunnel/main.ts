import { join } from 'node:path'
import { openLab } from '../discovery/lab.ts'
import { quantile, type Row, report, row } from '../report.ts'

/**
 * Tunnels into a peered VPC in the lab, by the packed product, timed from outside. The emulator's boot is taken out where a figure says so; EC2's own is
 * longer and differs by image.
 */
const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 1 : 12
const lab = await openLab(join(import.meta.dirname, '../..'), { tunnel: 'wireguard', trial: { rounds: ROUNDS } })
try {
  report(rowsOf(lab.report.figures ?? {}))
} finally {
  await lab.stop()
}

function rowsOf(figures: Record<string, number[]>): Row[] {
  const p95 = (name: string) => quantile(figures[name] ?? [], 0.95)
  const median = (name: string) => quantile(figures[name] ?? [], 0.5)
  const most = (name: string, unit: string, value: number, limit: number) =>
    row({ name, unit, value, goal: { text: `at most ${limit} ${unit}`, met: value <= limit } })
  const rates = (figures['bytesASecond'] ?? []).map(
    (rate, at) => rate / (figures['bareBytesASecond']?.[at] ?? Number.NaN),
  )
  const share = quantile(rates, 0.5)
  return [
    most('up, all but the boot, p95', 'ms', p95('overhead'), 1_500),
    row({
      ...{ name: 'server ready → tunnel is up, p95', unit: 'ms', value: p95('lag') },
      peer: { name: 'WireGuard with its defaults, handshake alone', value: p95('stockLag') },
      goal: { text: 'at most 500 ms', met: p95('lag') <= 500 },
    }),
    most('calls of EC2 and STS before RunInstances, first run', 'calls', median('callsCold'), 2),
    most('calls of EC2 and STS before RunInstances, later run', 'calls', median('callsWarm'), 0),
    most('down returns, p95', 'ms', p95('down'), 2_000),
    most('connected → in the log, p95', 'ms', p95('connectLogged'), 5_000),
    most('down asked → in the log, p95', 'ms', p95('disconnectLogged'), 8_000),
    most('laptop dies → in the log', 'ms', p95('deadPeerLogged'), 12_000),
    most('AWS says that the server is gone → another is up, all but the boot', 'ms', p95('replacement'), 2_000),
    row({
      ...{ name: 'one TCP stream through the tunnel', unit: 'MB/s', value: median('bytesASecond') / 1e6 },
      peer: { name: 'the bare engine in the same namespaces', value: median('bareBytesASecond') / 1e6 },
      goal: { text: 'at least 0.97 of it', met: share >= 0.97 },
    }),
    row({ name: 'boot of the emulator’s server, median', unit: 'ms', value: median('boot') }),
  ]
}
