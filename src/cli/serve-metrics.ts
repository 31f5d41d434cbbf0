import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { World } from '../config/world.ts'
import { listScopes } from '../portal/queries/scopes.ts'
import type { DiscoveryCounts } from '../reconcile/counts.ts'

const COUNTED = {
  messages: 'Messages that came by the queue',
  malformed: 'Messages that were no event',
  ignored: 'Events that say nothing of an instance of ours',
  hints: 'Looks at AWS that events asked for',
  sweeps: 'Sweeps of all accounts and regions',
  observations: 'Answers of AWS about an account and region',
  incomplete: 'Answers that were not whole: denied, throttled, failed',
  put: 'Connections written',
  removed: 'Connections removed',
  accountsHeldBack: 'Accounts that left, whose removal is held back because they are many at once',
  regionsHeldBack: 'Regions that were switched off, whose removal is held back because they are many at once',
} as const satisfies Record<keyof DiscoveryCounts, string>

type Sources = Pick<World, 'store'> & {
  sink: Pick<NonNullable<World['sink']>, 'state'> | undefined
  config: { discovery: Pick<World['config']['discovery'], 'by' | 'staleAfter'> }
  clock: Pick<World['clock'], 'now'>
  gateway: Pick<World['gateway'], 'live'>
  recordings: Pick<World['recordings'], 'waiting'>
  discovery: Pick<World['discovery'], 'counts'>
  policies: readonly Pick<World['policies'][number], 'fault'>[]
}

/** The delay of the event loop is looked at this often. At the library's 10 ms an idle node spends most of its CPU on looking. */
const LAG_SAMPLE_MS = 500

/** What `serve` measures beside the portal's own; names begin with `enchilada_`. */
export function metricsOf(world: Sources): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'enchilada_', eventLoopMonitoringPrecision: LAG_SAMPLE_MS })
  // Elsewhere the functions count, and CloudWatch has their figures.
  if (world.config.discovery.by === 'serve') countDiscovery(registry, world)
  measureFreshness(registry, world)
  gauge(registry, 'live_sessions', 'Sessions on this node', () => world.gateway.live())
  const spooled = 'Slices on this disk that wait for the bucket of recordings'
  gauge(registry, 'recordings_waiting_bytes', spooled, () => world.recordings.waiting())
  const refused = '1 while the policy files are not valid and those read before are in force'
  gauge(registry, 'policies_refused', refused, () => (world.policies.some((one) => one.fault() !== undefined) ? 1 : 0))
  const { sink } = world
  if (!sink) return registry
  const waiting = 'Records of the trail that CloudWatch Logs does not have yet'
  gauge(registry, 'audit_sink_waiting_records', waiting, () => sink.state().waiting)
  const lag = 'Since when CloudWatch Logs has not had the whole trail of this node'
  gauge(registry, 'audit_sink_lag_seconds', lag, () => sink.state().lagMs / 1000)
  return registry
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  const made: Gauge = new Gauge({
    name: `enchilada_${name}`,
    help,
    registers: [registry],
    collect: () => made.set(read()),
  })
}

function countDiscovery(registry: Registry, { discovery }: Pick<Sources, 'discovery'>): void {
  const counts: Readonly<Record<string, number>> = discovery.counts
  for (const [name, help] of Object.entries(COUNTED)) {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    gauge(registry, `discovery_${snake}`, help, () => counts[name] ?? 0)
  }
}

/** Of each account and region, as the database has it: the same from every node, whoever does discovery. */
function measureFreshness(registry: Registry, { store, clock, config }: Pick<Sources, 'store' | 'clock' | 'config'>) {
  const { staleAfter } = config.discovery
  let reading: ReturnType<typeof listScopes> | undefined
  // One look at the database a scrape, which asks all of these at once.
  const read = () => {
    reading ??= listScopes(store.db, { now: clock.now(), staleAfter }).finally(() => {
      reading = undefined
    })
    return reading
  }
  type Status = Awaited<ReturnType<typeof listScopes>>[number]
  const perScope = (name: string, help: string, value: (status: Status) => number | undefined, state = false) => {
    const made: Gauge = new Gauge({
      name: `enchilada_scope_${name}`,
      help,
      labelNames: ['scope', ...(state ? ['state'] : [])],
      registers: [registry],
      async collect() {
        const scopes = await read()
        made.reset()
        for (const status of scopes) {
          const labels = { scope: status.scope, ...(state ? { state: status.state } : {}) }
          const measured = value(status)
          if (measured !== undefined) made.set(labels, measured)
        }
      },
    })
  }
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000)
  perScope('state', 'State of what is known of an account and region; 1 for the one it is in', () => 1, true)
  perScope('last_event_timestamp_seconds', 'When an event last named an instance of it', (s) => seconds(s.lastEventAt))
  perScope('last_sweep_timestamp_seconds', 'Start of its last complete listing', (s) => seconds(s.lastSweepAt))
  perScope('drift', 'Changes that its last sweep found and no event had told', (s) => s.drift)
  perScope('held_back', 'Removals by absence that are held back', (s) => s.heldBack)
}
