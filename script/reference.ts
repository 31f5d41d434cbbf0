import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Registry } from 'prom-client'
import { metricsOf } from '../src/cli/serve-metrics.ts'
import { shipMetrics } from '../src/cli/ship-metrics.ts'
import type { ErrorEntry } from '../src/kernel/errors.ts'
import { createMeters } from '../src/portal/metrics.ts'
import { noCounts } from '../src/reconcile/counts.ts'
import { openSqlite } from '../src/store/sqlite.ts'

/**
 * Writes docs/reference/errors.md from every `errors.ts` of src, and metrics.md from what `serve` measures. `--check` fails when a page
 * differs. One page each, so that a code or a name seen in a log is found by one search.
 */
export const ERRORS = 'docs/reference/errors.md'
export const METRICS = 'docs/reference/metrics.md'

export type Entry = ErrorEntry & { code: string; folder: string }

export async function collectErrors(): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const file of globSync('src/*/**/errors.ts').sort()) {
    const module: Record<string, unknown> = await import(resolve(file))
    for (const catalogue of Object.values(module)) {
      for (const factory of Object.values(catalogue ?? {})) {
        if (isFactory(factory)) entries.push({ ...factory.entry, code: factory.code, folder: file.split('/')[1] ?? '' })
      }
    }
  }
  return entries.sort((a, b) => (a.code < b.code ? -1 : 1))
}

const isFactory = (value: unknown): value is { code: string; entry: ErrorEntry } =>
  typeof value === 'function' && 'code' in value && 'entry' in value

export function renderErrors(entries: readonly Entry[]): string {
  const rows = entries.map(
    ({ code, message, retryable, hint, folder }) =>
      `### ${code}\n\n${message}.\n\n- What to do: ${hint}\n- Trying again ${retryable ? 'may help' : 'does not help'}. From \`src/${folder}\`.\n`,
  )
  return [
    '# Error codes',
    '',
    'Every refusal and failure carries one of these codes, in the page, the command line, the API, the log and the trail.',
    'Words in braces are filled in. Written by `node script/reference.ts`; a test holds it to the code.',
    '',
    ...rows,
  ].join('\n')
}

export type Metric = { name: string; type: string; labels: string[]; help: string }
export type Metrics = { serve: Metric[]; ship: Metric[] }

export async function collectMetrics(): Promise<Metrics> {
  const ship = new Registry()
  shipMetrics(undefined, ship)
  return { serve: listMetrics(await registryOfServe()), ship: listMetrics(ship) }
}

/** Of a node that does everything: discovery, and a trail in CloudWatch Logs. */
async function registryOfServe(): Promise<Registry> {
  const store = await openSqlite(':memory:')
  const registry = metricsOf({
    config: { discovery: { by: 'serve', staleAfter: 0 } },
    clock: { now: () => 0 },
    store,
    recordings: { waiting: () => 0 },
    gateway: { live: () => 0 },
    sink: { state: () => ({ waiting: 0, sent: 0, lagMs: 0, failure: undefined }) },
    policies: [],
    discovery: { counts: noCounts() },
  })
  createMeters(registry)
  await store.close()
  return registry
}

/** Node's own figures are left out. */
const listMetrics = (registry: Registry): Metric[] =>
  registry
    .getMetricsAsArray()
    .filter(({ name }) => !/^enchilada_(process|nodejs)_/.test(name))
    .map(({ name, type, help, ...more }) => ({
      name,
      help,
      type: String(type),
      labels: 'labelNames' in more && Array.isArray(more.labelNames) ? more.labelNames.map(String) : [],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))

const tableOf = (metrics: readonly Metric[]): string[] => [
  '| name | type | labels | what |',
  '|---|---|---|---|',
  ...metrics.map(({ name, type, labels, help }) => {
    const labelled = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${labelled} | ${help} |`
  }),
]

export function renderMetrics({ serve, ship }: Metrics): string {
  return [
    '# Metrics',
    '',
    "What `/metrics` of `serve` tells, in the text format of Prometheus; Node's own figures besides, as `enchilada_process_…` and",
    '`enchilada_nodejs_…`. Where functions do discovery (`discovery.by: lambda`) `enchilada_discovery_…` is missing: CloudWatch has their',
    'figures. `enchilada_audit_sink_…` is there with a trail in CloudWatch Logs. Written by `node script/reference.ts`; a test holds it to the code.',
    '',
    ...tableOf(serve),
    '',
    'What `enchilada guacamole ship --metrics FILE` writes for the textfile collector of the node exporter:',
    '',
    ...tableOf(ship),
    '',
  ].join('\n')
}

if (import.meta.main) {
  const pages = { [ERRORS]: renderErrors(await collectErrors()), [METRICS]: renderMetrics(await collectMetrics()) }
  for (const [page, text] of Object.entries(pages)) {
    if (!process.argv.includes('--check')) writeFileSync(page, text)
    else if (readFileSync(page, 'utf8') !== text) {
      console.error(`${page} is not what the code says: run node script/reference.ts`)
      process.exitCode = 1
    }
  }
}
