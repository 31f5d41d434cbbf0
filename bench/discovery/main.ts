import { cpuSeconds } from '../product/process-cost.ts'
import { waitFor } from '../product/serve.ts'
import { signIn } from '../product/sign-in.ts'
import { accountId, openBenchWorld, REGIONS } from '../product/world.ts'
import { quantile, type Row, report, row } from '../report.ts'
import { type Lives, measureLives, type Place } from './life.ts'
import { benchRealHosts } from './real-hosts.ts'

/**
 * From the events of a launch in the queue until a signed-in person is given the ticket that opens the instance, and from those of its
 * end until they are refused. `serve` as built; each call of EC2 and STS takes 50 ms at least, about the way to another region and back.
 */
const LATENCY_MS = 50
const quick = process.argv.includes('--quick')
const LAUNCHES = quick ? 12 : 1_000
const WITHIN_MS = quick ? 1_200 : 60_000
/** In the fleet already. */
const INSTANCES = quick ? 100 : 2_000
const accounts = [...Array(quick ? 4 : 20).keys()].map(accountId)
const regions = REGIONS.slice(0, 5)
const places: Place[] = accounts.flatMap((account) => regions.map((region) => ({ account, region })))
const POLL_SECONDS = 300

const world = await openBenchWorld({
  latencyMs: LATENCY_MS,
  fill(cloud) {
    for (let n = 0; n < INSTANCES; n += 1) {
      const { account = '', region = '' } = places[n % places.length] ?? {}
      cloud.launch(account, region, { tags: { environment: n % 3 ? 'production' : 'test' } })
    }
  },
  config: (eventQueue) => ({ aws: { accounts: accounts.map((id) => ({ id })), regions, eventQueue } }),
  policies:
    'permit (principal in Enchilada::Group::"engineer", action, resource) when { context.mfa && resource.hasTag("environment") };',
})
try {
  const { serving, provider } = world
  await waitFor('the sweep is over', 300_000, () => /"msg":"swept"/.test(serving.log()), 100)
  const visitor = await signIn(serving.origin, provider, ['engineer'])
  const spent = cpuSeconds(serving.pid)
  const spread = await measureLives(world, visitor, { places, count: LAUNCHES, withinMs: WITHIN_MS })
  const cpu = ((cpuSeconds(serving.pid) - spent) * 1000) / (2 * LAUNCHES)
  const crowded = await measureLives(world, visitor, {
    places: places.slice(0, 1),
    count: LAUNCHES,
    withinMs: WITHIN_MS,
  })
  const pace = `${LAUNCHES} in ${WITHIN_MS / 1000} s`
  report([
    ...rowsOf(`${pace}, ${places.length} scopes`, spread),
    row({
      name: 'CPU of serve a launch or termination, three events each, attempts of the person included',
      unit: 'ms',
      value: cpu,
    }),
    ...rowsOf(`${pace}, all in one scope`, crowded),
    ...(await realHosts()),
  ])
} finally {
  await world.close()
}

async function realHosts(): Promise<Row[]> {
  // The world is heavy; what it does is tested by script/lab.
  if (quick) return []
  return benchRealHosts({ count: 50, withinMs: 25_000 })
}

function rowsOf(how: string, { openable, refused }: Lives): Row[] {
  return [
    ...quantilesOf(`launch → openable, ${how}`, openable),
    ...quantilesOf(`termination → refused, ${how}`, refused),
  ]
}

/** The peer looks at everything each 300 s: what happens at any moment waits for half of that, or nearly all of it. */
function quantilesOf(name: string, times: readonly number[]): Row[] {
  const goals = [
    { q: 0.5, limit: 1_000 },
    { q: 0.99, limit: 5_000 },
  ]
  return goals.map(({ q, limit }) => {
    const value = quantile(times, q)
    return row({
      name: `${name}, p${q * 100}`,
      unit: 'ms',
      value,
      peer: { name: `a poll each ${POLL_SECONDS} s, computed`, value: q * POLL_SECONDS * 1000 },
      goal: { text: `≤ ${limit / 1000} s`, met: value <= limit },
    })
  })
}
