import { expect, test } from 'vitest'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { silentLog } from '../kernel/log.ts'
import type { Hint } from '../model/hint.ts'
import type { Instance } from '../model/instance.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { createApplier } from './apply-observation.ts'
import { noCounts } from './counts.ts'
import { createSettler } from './settle-report.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }
const ID = 'i-0aaaaaaaaaaaaaaaa'
const instance: Instance = {
  id: ID,
  state: 'running',
  platform: 'linux',
  imageId: 'ami-1',
  instanceType: 't3.nano',
  availabilityZone: 'eu-west-1a',
  launchedAt: 0,
  privateIp: '10.0.0.1',
  tags: {},
}
const observation = (kind: Observation['kind'], begunAt: number, instances: Instance[]): Observation => ({
  scope,
  kind,
  begunAt,
  page: 1,
  pages: 1,
  complete: true,
  attempt: 0,
  asked: kind === 'ids' ? [ID] : [],
  instances,
})

test('what a look saw and a later listing did not show yet is looked up again', async () => {
  const store = await openSqlite(':memory:')
  const later: Hint[] = []
  const settle = createSettler({
    applier: createApplier({
      store,
      catalogue: builtInCatalogue(() => ({ tags: [], persons: [] })),
      clock: { now: () => 5_000, sleep: async () => undefined },
      log: silentLog,
      connections: connectionSettings.parse({}),
      absenceProof: 60_000,
    }),
    departures: { settleAccounts: async () => 0, settleRegions: async () => 0 },
    later: async (hint) => void later.push(hint),
    counts: noCounts(),
  })
  await settle({ observation: observation('listing', 2, []) })
  const applied = await settle({ observation: observation('ids', 1, [instance]) })
  expect(applied).toMatchObject({ outcome: 'stale', put: 0 })
  expect(later).toEqual([{ scope, ids: [ID], attempt: 1 }])
  await store.close()
})
