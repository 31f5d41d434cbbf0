import { expect, test } from 'vitest'
import { createFakeCatalogue } from '../../test/fixtures/fake-catalogue.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import { silentLog } from '../kernel/log.ts'
import type { InstanceState } from '../model/instance.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import { openSqlite } from '../store/sqlite.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { createApplier } from './apply-observation.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }

const seen = (begunAt: number, state: InstanceState): Observation => ({
  scope,
  kind: 'ids',
  begunAt,
  attempt: 0,
  page: 1,
  pages: 1,
  complete: true,
  asked: ['i-0aaaaaaaaaaaaaaaa'],
  instances: [
    {
      id: 'i-0aaaaaaaaaaaaaaaa',
      state,
      platform: 'linux',
      imageId: 'ami-1',
      instanceType: 't3.nano',
      availabilityZone: 'eu-west-1a',
      launchedAt: 0,
      privateIp: '10.0.0.1',
      tags: { Name: 'web' },
    },
  ],
})

test('a target that was away gets in step when the observation comes again; nothing else waits for it', async () => {
  const store = await openSqlite(':memory:')
  const target = createFakeCatalogue()
  const gone: string[] = []
  store.notify.subscribe('instance-gone', ({ instanceId }) => gone.push(instanceId))
  const { apply } = createApplier({
    store,
    catalogue: builtInCatalogue({ tags: [], persons: [] }),
    target,
    clock: { now: () => 5_000, sleep: async () => undefined },
    log: silentLog,
    connections: connectionSettings.parse({}),
    absenceProof: 60_000,
  })

  const told = async () =>
    (await store.db.selectFrom('trail_outbox').select('event').orderBy('id').execute()).map(
      ({ event }) => JSON.parse(event).kind,
    )

  await apply(seen(1, 'running'))
  const [held] = target.held.values()
  expect(held).toMatchObject({ name: 'web', group: ['111122223333', 'eu-west-1'], instance: { privateIp: '10.0.0.1' } })

  target.away = true
  await expect(apply(seen(2, 'terminated'))).rejects.toThrow('away')
  expect(gone).toEqual(['i-0aaaaaaaaaaaaaaaa'])
  expect(await told()).toEqual(['discovery.added', 'discovery.removed'])
  expect(target.held.size).toBe(1)

  target.away = false
  await apply(seen(2, 'terminated'))
  expect(target.held.size).toBe(0)
  expect(await told()).toHaveLength(2)
  await store.close()
})
