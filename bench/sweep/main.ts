import { residentMB } from '../product/process-cost.ts'
import { waitFor } from '../product/serve.ts'
import { accountId, openBenchWorld, REGIONS } from '../product/world.ts'
import { report, row } from '../report.ts'
import { listInTurn } from './lister.ts'

/**
 * The first sweep of a fleet, by `serve` as built: from the first call that reaches AWS until it says that the sweep is over, everything
 * in the database. Each call of EC2 and STS takes 50 ms at least, about the way to another region and back within a continent.
 */
const LATENCY_MS = 50
const quick = process.argv.includes('--quick')
const accounts = [...Array(quick ? 4 : 200).keys()].map(accountId)
const scopes = accounts.flatMap((account) => REGIONS.map((region) => ({ account, region })))
const INSTANCES = quick ? 200 : 10_000
/** The lister is measured on every so many-th scope, and multiplied. */
const SAMPLE = quick ? 4 : 10
/** The default of `discovery.sweepEvery`, and of the pollers it is compared with. */
const SWEEP_MINUTES = 15
const POLL_MINUTES = 5
const DAY_MINUTES = 24 * 60

const world = await openBenchWorld({
  latencyMs: LATENCY_MS,
  fill(cloud) {
    for (let n = 0; n < INSTANCES; n += 1) {
      const { account = '', region = '' } = scopes[n % scopes.length] ?? {}
      cloud.launch(account, region, { tags: { team: `team-${n % 20}`, environment: n % 3 ? 'production' : 'test' } })
    }
  },
  config: () => ({ aws: { accounts: accounts.map((id) => ({ id })), regions: REGIONS } }),
  policies: 'permit (principal, action, resource);',
})
try {
  const { serving, cloud, standIn } = world
  await waitFor('the sweep is over', 600_000, () => /"msg":"swept"/.test(serving.log()), 100)
  const { seconds, complete } = readSweep(serving.log())
  const memory = residentMB(serving.pid).peak
  const put = await serving.metric('enchilada_discovery_put')
  if (!complete || put !== INSTANCES) throw new Error(`the sweep found ${put} of ${INSTANCES} instances`)
  const calls = [...cloud.calls].reduce((sum, [name, count]) => sum + (name.startsWith('SQS') ? 0 : count), 0)

  const sample = scopes.filter((_, at) => at % SAMPLE === 0)
  const lister = await listInTurn(standIn.endpoint, sample)
  const listerSeconds = (lister.seconds / sample.length) * scopes.length

  const size = `${scopes.length} scopes, ${INSTANCES} instances`
  const ours = (calls * DAY_MINUTES) / SWEEP_MINUTES
  const poll = (calls * DAY_MINUTES) / POLL_MINUTES
  report([
    row({
      name: `sweep of ${size}`,
      unit: 's',
      value: seconds,
      peer: { name: `one sequential lister, from every ${SAMPLE}th scope`, value: listerSeconds },
      goal: { text: '≤ 60 s', met: seconds <= 60 },
    }),
    row({
      name: 'peak memory of serve',
      unit: 'MB',
      value: memory,
      goal: { text: '≤ 256 MB', met: memory <= 256 },
    }),
    row({
      name: 'calls of one sweep (EC2 and STS)',
      unit: 'calls',
      value: calls,
    }),
    row({
      name: `calls a day, sweep every ${SWEEP_MINUTES} min; freshness: event seconds, lost event ${SWEEP_MINUTES} min`,
      unit: 'calls',
      value: ours,
      peer: { name: `poll every ${POLL_MINUTES} min; freshness ${POLL_MINUTES} min at worst`, value: poll },
    }),
  ])
} finally {
  await world.close()
}

/** The log's own times: from ready, when the loops begin, to the end of the first sweep. */
function readSweep(log: string): { seconds: number; complete: boolean } {
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const at = (msg: string) => lines.find((line) => line['msg'] === msg)
  const [ready, swept] = [at('ready'), at('swept')]
  return {
    seconds: (Date.parse(String(swept?.['time'])) - Date.parse(String(ready?.['time']))) / 1000,
    complete: swept?.['incomplete'] === 0,
  }
}
