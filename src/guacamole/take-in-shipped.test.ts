import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectionOf, scopeOf } from '../../test/fixtures/guacamole/connections.ts'
import { type RecordingStage, setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import { builtInCatalogue } from '../catalogue/built-in.ts'
import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import { type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { formatScope } from '../model/scope.ts'
import type { RecordedEvent } from '../recording/format.ts'
import { directoryFiles } from '../recording/recording-files.ts'
import { storeStream } from '../recording/store-stream.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { connectionSettings } from '../wanted/settings.ts'
import { shippedId } from './shipped-id.ts'
import { createTakeIn } from './take-in-shipped.ts'
import { tellMissing } from './tell-missing.ts'

const START = 1_790_000_000_000
const uuid = historyUuid('session', 42)
const id = shippedId(uuid, START)
const scope = scopeOf('111122223333')
const connection = connectionOf({ n: 1, name: 'web' })
const ours: OwnedConnection = {
  id: connection.id,
  scope: formatScope(scope),
  instance: connection.instanceId,
  protocol: connection.protocol,
}

let stage: RecordingStage
let store: Store
let now: number
beforeEach(async () => {
  stage = await setRecordingStage()
  now = START + 120_000
  store = await openSqlite(':memory:')
  await builtInCatalogue(() => ({ tags: [], persons: [] })).write(store.db, scope, [connection], 0)
})
afterEach(async () => {
  await store.close()
  stage.close()
})

async function* events(): AsyncGenerator<RecordedEvent> {
  yield [0, 'g', '4.sync,1.1;']
  yield [5_000, 'g', '4.sync,4.5001;']
}

const shipInto = (more: object = {}) =>
  storeStream({
    files: directoryFiles(stage.folder),
    facts: stage.facts({
      id,
      startedAt: START,
      stream: 'guacamole',
      history: uuid,
      scope: ours.scope,
      connectionId: ours.id,
      instanceId: ours.instance,
      personId: 'guacamole:ada',
      ...more,
    }),
    events: events(),
    reason: 'closed-in-guacamole',
    endedAt: START + 60_000,
    signer: stage.signer,
  })

const takeIn = () =>
  createTakeIn({
    store,
    recordings: stage.open(),
    connections: connectionSettings.parse({}),
    mentions: () => ({ tags: [], persons: [] }),
    clock: { now: () => now },
    log: silentLog,
  })()

async function told(): Promise<AuditEvent[]> {
  const rows = await store.db.selectFrom('trail_outbox').select('event').orderBy('id').execute()
  return rows.map((row) => JSON.parse(row.event))
}
const sessions = () => store.db.selectFrom('sessions').selectAll().execute()

test('what was shipped is told with its seal and listed under the policy of its instance, once', async () => {
  const sealed = await shipInto()
  expect([await takeIn(), await takeIn()]).toEqual([1, 0])
  expect(await told()).toMatchObject([
    { kind: 'recording.sealed', subject: id, session: id, source: 'fact', data: { manifest: sealed.manifest } },
  ])
  const { policy_key } = await store.db.selectFrom('connections').select('policy_key').executeTakeFirstOrThrow()
  expect(await sessions()).toMatchObject([
    {
      id,
      policy_key,
      account: '111122223333',
      person_id: 'guacamole:ada',
      ended_at: START + 60_000,
      recording: 'sealed',
    },
  ])
})

test('an instance that is over still says who may play what was recorded on it', async () => {
  await shipInto()
  const { policy_key, group_path } = await store.db.selectFrom('connections').selectAll().executeTakeFirstOrThrow()
  await store.db.deleteFrom('connections').execute()
  // Nothing is known of it yet: it waits, and is told as what it is when it is known.
  expect(await takeIn()).toBe(0)
  await store.db
    .insertInto('instances')
    .values({
      scope: ours.scope,
      id: ours.instance,
      state: 'terminated',
      data: JSON.stringify({ ...connection.instance, state: 'terminated' }),
      seen_at: 0,
      missing_since: null,
      ended_at: 1,
    })
    .execute()
  const times = { detail: null, last_event_at: null, last_sweep_at: null, applied_begun_at: 0, drift: 0, held_back: 0 }
  const { tenant, account, region } = scope
  await store.db
    .insertInto('scopes')
    .values({ scope: ours.scope, tenant, account, region, account_name: null, state: 'fresh', ...times })
    .execute()
  expect(await takeIn()).toBe(1)
  const [session] = await sessions()
  expect(JSON.parse(session?.group_path ?? '')).toEqual(['111122223333', 'eu-west-1'])
  // The fixture's connection stands in a group of its own; the key is of the group that the rules give.
  expect({ same: session?.policy_key === policy_key }).toEqual({ same: group_path === session?.group_path })
})

test('a forged one is told to nobody; one of a connection that is not ours is told and not listed', async () => {
  await shipInto({ connectionId: '', scope: '', instanceId: '' })
  expect(await takeIn()).toBe(1)
  expect(await sessions()).toEqual([])
  expect(await told()).toHaveLength(1)

  const other = historyUuid('session', 43)
  const forged = shippedId(other, START)
  await shipInto({ id: forged, history: other })
  rmSync(join(stage.folder, forged, '000001.slice'))
  writeFileSync(join(stage.folder, forged, '000001.slice'), 'another')
  expect(await takeIn()).toBe(0)
  expect(await told()).toHaveLength(1)
})

test('a session without a recording is told once, and again when the recording comes after all', async () => {
  const row: HistoryRow = {
    kind: 'session',
    id: 42,
    userName: 'ada',
    remoteHost: undefined,
    startedAt: START,
    endedAt: START + 60_000,
    connection: { id: '7', name: 'web' },
  }
  const settled = new Set<string>()
  const look = async () =>
    (
      await tellMissing({
        store,
        history: { newest: async () => ({ rows: [row], isAll: true }) },
        owned: async () => new Map([['7', ours]]),
        clocksAhead: async () => [],
        clock: { ...stage.clock, now: () => now },
        missingAfter: 900_000,
        settled,
      })
    ).length
  expect(await look()).toBe(0)
  now += 900_000
  expect([await look(), await look()]).toEqual([1, 0])
  expect(await told()).toMatchObject([
    { kind: 'recording.missing', actor: 'ada', subject: ours.id, session: uuid, source: 'claim' },
  ])
  await shipInto()
  expect(await takeIn()).toBe(1)
  expect((await told()).map((one) => one.kind)).toEqual(['recording.missing', 'recording.sealed'])
  expect(await look()).toBe(0)
})
