import { factsOf } from '../access/policy-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { instanceSchema } from '../model/instance.ts'
import { parseScope } from '../model/scope.ts'
import type { Mentions } from '../policy/mentions.ts'
import { policyKey } from '../policy/policy-key.ts'
import type { SessionFacts } from '../recording/format.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { Sealed } from '../recording/seal.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { ConnectionsTable } from '../store/schema.ts'
import type { Database, Store } from '../store/store.ts'
import type { ConnectionSettings } from '../wanted/settings.ts'
import { wantedConnections } from '../wanted/wanted-connections.ts'

export type TakeInDeps = {
  store: Store
  recordings: Pick<Recordings, 'ids' | 'facts' | 'sealed' | 'manifest' | 'verify'>
  connections: ConnectionSettings
  mentions(): Mentions
  clock: Pick<Clock, 'now'>
  log: Log
}

/** An instance of which discovery knows nothing may still be found: the first sweep is not done. Later its recording is not listed. */
const UNKNOWN_MS = 86_400_000
const AT_ONCE = 500

/**
 * Looks for recordings that somebody shipped into the store: each is verified, told to the trail once, and, when its connection is ours,
 * listed among the sessions under the policy of its instance. Answers with how many were new.
 */
export function createTakeIn({
  store,
  recordings,
  connections,
  mentions,
  clock,
  log,
}: TakeInDeps): () => Promise<number> {
  /** Nothing about these will change. */
  const done = new Set<string>()

  return async () => {
    const fresh = (await recordings.ids()).filter((id) => !done.has(id))
    for (let at = 0; at < fresh.length; at += AT_ONCE) {
      const ids = fresh.slice(at, at + AT_ONCE)
      const rows = await store.db.selectFrom('sessions').select('id').where('id', 'in', ids).execute()
      for (const { id } of rows) done.add(id)
    }
    let taken = 0
    for (const id of fresh.filter((one) => !done.has(one))) {
      try {
        taken += await takeIn(id)
      } catch (error) {
        log.warn(
          { recording: id, reason: reasonOf(error) },
          'a recording in the store is not taken in; it is tried again',
        )
      }
    }
    return taken
  }

  async function takeIn(id: string): Promise<number> {
    const facts = await recordings.facts(id)
    if (facts.stream !== 'guacamole' || facts.history === undefined) return 0
    const sealed = await recordings.sealed(id)
    // Somebody ships it at this moment.
    if (!sealed) return 0
    const { ok, faults } = await recordings.verify(id, sealed.manifest)
    if (!ok) {
      done.add(id)
      log.error(
        { recording: id, faults },
        'a recording in the store is not what was sealed by our key: it is not taken in',
      )
      return 0
    }
    const row = facts.scope === '' ? undefined : await placeOf(store.db, facts)
    const endedAt = facts.startedAt + sealed.durationMs
    if (!row && facts.scope !== '' && clock.now() - endedAt < UNKNOWN_MS) return 0
    const isNew = await write({ facts, sealed, row, reason: (await recordings.manifest(id))?.reason ?? '' })
    done.add(id)
    if (!isNew) return 0
    await store.notify.publish('trail-outbox', { records: 1 })
    await store.notify.publish('session', { sessionId: id })
    return 1
  }

  function write({ facts, sealed, row, reason }: Found): Promise<boolean> {
    return store.withLock('guacamole recordings', async (trx) => {
      const session = facts.history ?? ''
      const known = await trx
        .selectFrom('guacamole_recordings')
        .select('told')
        .where('session', '=', session)
        .executeTakeFirst()
      if (known?.told === 'sealed') return false
      await trx
        .insertInto('guacamole_recordings')
        .values({ session, told: 'sealed' })
        .onConflict((conflict) => conflict.column('session').doUpdateSet({ told: 'sealed' }))
        .execute()
      await putInOutbox(trx, [sealedEvent(facts, sealed)])
      if (row) await insertSession(trx, { facts, sealed, reason, row })
      return true
    })
  }

  /** Where its connection stands or stood, for the policies: an ended instance has none any more, but what AWS last said of it. */
  async function placeOf(db: Database, facts: SessionFacts): Promise<Placed | undefined> {
    const columns = ['group_path', 'policy_key'] as const
    const held = db.selectFrom('connections').select(columns).where('id', '=', facts.connectionId)
    const row = await held.executeTakeFirst()
    if (row) return row
    const ended = await db
      .selectFrom('instances')
      .innerJoin('scopes', 'scopes.scope', 'instances.scope')
      .select(['instances.data', 'scopes.account_name'])
      .where('instances.scope', '=', facts.scope)
      .where('instances.id', '=', facts.instanceId)
      .executeTakeFirst()
    if (!ended) return undefined
    const scope = parseScope(facts.scope)
    const instance = instanceSchema.parse(JSON.parse(ended.data))
    const wanted = wantedConnections(
      { scope, accountName: ended.account_name ?? undefined, instances: [{ ...instance, state: 'running' }] },
      connections,
    ).find((one) => one.id === facts.connectionId)
    if (!wanted) return undefined
    const group_path = JSON.stringify(wanted.group)
    const asked = factsOf({
      ...scope,
      group_path,
      protocol: wanted.protocol,
      instance: JSON.stringify(wanted.instance),
    })
    return { group_path, policy_key: policyKey(asked, mentions()) }
  }
}

type Found = { facts: SessionFacts; sealed: Sealed; row: Placed | undefined; reason: string }
type Placed = Pick<ConnectionsTable, 'group_path' | 'policy_key'>

const scopeOf = ({ scope }: SessionFacts) => (scope === '' ? {} : { scope: parseScope(scope) })

const sealedEvent = (facts: SessionFacts, sealed: Sealed): AuditEvent => ({
  kind: 'recording.sealed',
  actor: 'system:guacamole',
  subject: facts.id,
  session: facts.id,
  source: 'fact',
  ...scopeOf(facts),
  data: { ...sealed, guacamole: facts.history, person: facts.personName, connection: facts.connectionName },
})

async function insertSession(trx: Database, { facts, sealed, reason, row }: Found & { row: Placed }): Promise<void> {
  const { tenant, account } = parseScope(facts.scope)
  const ended = facts.startedAt + sealed.durationMs
  await trx
    .insertInto('sessions')
    .values({
      id: facts.id,
      connection_id: facts.connectionId,
      scope: facts.scope,
      tenant,
      account,
      instance_id: facts.instanceId,
      connection_name: facts.connectionName,
      protocol: facts.protocol,
      person_id: facts.personId,
      person_name: facts.personName,
      ...row,
      started_at: facts.startedAt,
      ended_at: ended,
      end_reason: reason,
      node: 'guacamole',
      heartbeat_at: ended,
      recording: 'sealed',
    })
    .execute()
}
