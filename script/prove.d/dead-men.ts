import { parseArgs } from 'node:util'
import { run } from '../../lab/world/commands.ts'

/** Each dead-man of a tunnel server within the server, alone. Those outside it, the reapers and `gc`, are proven alone by test/tunnel/reapers.test.ts. Takes root. */
const { values } = parseArgs({ options: { seed: { type: 'string' }, json: { type: 'boolean', default: false } } })
const seed = Number(values.seed ?? 0)

const said = await run('lab/world/enter.sh', [process.execPath, 'test/tunnel/dead-men.scenario.ts'], {
  timeoutMs: 600_000,
})
type Seen = {
  hungGuards: number
  neverConnected: boolean
  peerLost: boolean
  timer: boolean
  kept: string
  records: string[]
  metrics: { Connected?: number; Age?: number; _aws?: { CloudWatchMetrics: { Namespace: string }[] } }[]
  silent: number
}
const engines: Record<string, Seen> = JSON.parse(said)
const found: Record<string, boolean> = {}
for (const [engine, seen] of Object.entries(engines)) {
  const [atConnect] = seen.metrics
  Object.assign(found, {
    [`${engine}: the guard, when nobody comes`]: seen.neverConnected,
    [`${engine}: the guard, when its laptop stays away`]: seen.peerLost,
    [`${engine}: and it told of both ends`]:
      seen.records.join() === 'connection-attempt NA,connection-reset peer-silent',
    [`${engine}: and CloudWatch counts them`]:
      atConnect?.Connected === 1 && atConnect._aws?.CloudWatchMetrics[0]?.Namespace === 'Enchilada/Tunnel',
    [`${engine}: the timer, when the guard hangs`]: seen.hungGuards === 1 && seen.timer && seen.silent === 0,
    [`${engine}: nobody, when there is no reason`]: seen.kept === 'running',
  })
}
const failed = Object.values(found).filter((held) => !held).length
if (values.json)
  console.log(JSON.stringify({ name: 'dead-men', seed, cases: Object.keys(found).length, failed, found }))
else {
  for (const [name, held] of Object.entries(found)) console.log(`${held ? 'ok    ' : 'FAILED'} ${name}`)
  console.log(`${Object.keys(found).length} cases, ${failed} failed`)
}
process.exitCode = failed > 0 ? 1 : 0
