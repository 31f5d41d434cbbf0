import { afterAll, beforeAll, expect, test } from 'vitest'
import { noCounts } from '../reconcile/counts.ts'
import type { ScopesTable } from '../store/schema.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { metricsOf } from './serve-metrics.ts'

const HOUR = 3_600_000
const NOW = 1_800_000_000_000

let store: Store
beforeAll(async () => {
  store = await openSqlite(':memory:')
  const scope = (region: string, more: Partial<ScopesTable>): ScopesTable => ({
    scope: `acme/aws/111122223333/${region}`,
    tenant: 'acme',
    account: '111122223333',
    region,
    account_name: null,
    state: 'fresh',
    detail: null,
    last_event_at: null,
    last_sweep_at: NOW - 60_000,
    applied_begun_at: 0,
    drift: 0,
    held_back: 0,
    ...more,
  })
  await store.db
    .insertInto('scopes')
    .values([
      scope('eu-west-1', { drift: 4, last_event_at: NOW - 5_000 }),
      scope('us-east-1', { last_sweep_at: NOW - 2 * HOUR }),
    ])
    .execute()
})
afterAll(() => store.close())

const scrape = (by: 'serve' | 'lambda') =>
  metricsOf({
    config: { discovery: { by, staleAfter: HOUR } },
    clock: { now: () => NOW },
    store,
    recordings: { waiting: () => 0 },
    gateway: { live: () => 2 },
    sink: undefined,
    policies: [{ fault: () => undefined }, { fault: () => 'a.cedar: unexpected token' }],
    discovery: { counts: { ...noCounts(), put: 7 } },
  }).metrics()

test('tells how fresh each account and region is, also what went stale unnoticed', async () => {
  const text = await scrape('lambda')
  expect(text).toContain('enchilada_scope_state{scope="acme/aws/111122223333/eu-west-1",state="fresh"} 1')
  expect(text).toContain('enchilada_scope_state{scope="acme/aws/111122223333/us-east-1",state="stale"} 1')
  expect(text).toContain('enchilada_scope_drift{scope="acme/aws/111122223333/eu-west-1"} 4')
  const at = 'enchilada_scope_last_event_timestamp_seconds{scope="acme/aws/111122223333/eu-west-1"} 1799999995'
  expect(text).toContain(at)
  expect(text).not.toMatch(/last_event_timestamp_seconds\{scope="[^"]*us-east-1"/)
  expect(text).toContain('enchilada_live_sessions 2')
  expect(text).toContain('enchilada_policies_refused 1')
})

test('counts discovery where this process does it', async () => {
  expect(await scrape('serve')).toContain('enchilada_discovery_put 7')
  expect(await scrape('lambda')).not.toContain('enchilada_discovery')
})
