import { join } from 'node:path'
import { openLab } from '../discovery/lab.ts'
import { middleBetween, quantile, type Row, report, row } from '../report.ts'

/**
 * Tunnels into a peered VPC in the lab, by the packed product, with each engine in turn, timed from outside. The emulator's boot is taken out where a figure
 * says so; EC2's own is longer and differs by image.
 */
const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 1 : 10
/** Of what the bare engine carries. */
const SHARE = 0.97
const root = join(import.meta.dirname, '../..')
const lab = await openLab(root, { tunnel: 'wireguard', trial: { rounds: ROUNDS } })
await lab.stop()
const { figures = {} } = lab.report
report([
  ...rowsOf('WireGuard', (name) => figures[`wireguard ${name}`] ?? []),
  ...rowsOf('OpenVPN', (name) => figures[`openvpn ${name}`] ?? []),
])

function rowsOf(engine: string, samples: (figure: string) => number[]): Row[] {
  const p95 = (name: string) => quantile(samples(name), 0.95)
  const median = (name: string) => quantile(samples(name), 0.5)
  const plain = (name: string, unit: string, value: number) => row({ name: `${engine}: ${name}`, unit, value })
  const most = (name: string, unit: string, value: number, limit: number) =>
    row({ name: `${engine}: ${name}`, unit, value, goal: { text: `at most ${limit} ${unit}`, met: value <= limit } })
  const bare = samples('bareBytesASecond')
  const share = middleBetween(samples('bytesASecond').map((rate, at) => rate / (bare[at] ?? Number.NaN)))
  return [
    most('up, all but the boot, p95', 'ms', p95('overhead'), 1_500),
    plain('first packet answered, all but the boot, p95', 'ms', p95('firstPacket')),
    row({
      ...{ name: `${engine}: server ready → tunnel is up, p95`, unit: 'ms', value: p95('lag') },
      peer: { name: `${engine} with its defaults, handshake alone`, value: p95('stockLag') },
      goal: { text: 'at most 500 ms', met: p95('lag') <= 500 },
    }),
    most('calls of EC2 and STS before RunInstances, first run after login', 'calls', median('callsCold'), 2),
    most('calls of EC2 and STS before RunInstances, later run', 'calls', median('callsWarm'), 0),
    most('down returns, p95', 'ms', p95('down'), 2_000),
    most('connected → in the log, p95', 'ms', p95('connectLogged'), 5_000),
    most('down asked → in the log, p95', 'ms', p95('disconnectLogged'), 8_000),
    most('laptop dies → in the log', 'ms', p95('deadPeerLogged'), 12_000),
    most('AWS says that the server is gone → another is up, all but the boot, p95', 'ms', p95('replacement'), 2_000),
    most('10 s of silence → another is up, all but the boot, p95', 'ms', p95('silentReplacement'), 2_000),
    row({
      ...{ name: `${engine}: one TCP stream through the tunnel`, unit: 'MB/s', value: median('bytesASecond') / 1e6 },
      peer: { name: 'the bare engine in the same namespaces', value: median('bareBytesASecond') / 1e6 },
      goal: goalOfShare(share, bare.length),
    }),
    plain('boot of the emulator’s server, median', 'ms', median('boot')),
  ]
}

function goalOfShare({ middle, low, high }: ReturnType<typeof middleBetween>, pairs: number) {
  const found = `${middle.toFixed(3)} in ${pairs} pairs, ${low.toFixed(3)} to ${high.toFixed(3)}`
  const text = `at least ${SHARE} of it (${found})`
  if (low >= SHARE) return { text, met: true }
  return high < SHARE ? { text, met: false } : { text: `${text}, not decided` }
}
