import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import type { History } from '../catalogue/guacamole/history.ts'
import { type Clock, toIso } from '../kernel/clock.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { parseScope } from '../model/scope.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'
import { type Aheads, agreedAhead } from './clocks-ahead.ts'
import { findMissing, type MissingRecording } from './missing.ts'

/**
 * Sessions of our connections whose recording has not come into the store in time: told once, whether a shipper died, a disk was full,
 * or guacd went on without recording, which it does when it cannot write. Run after what was shipped is taken in.
 */
export async function tellMissing(deps: {
  store: Store
  history: Pick<History, 'newest'>
  owned(): Promise<ReadonlyMap<string, OwnedConnection>>
  clocksAhead(): Promise<Aheads>
  clock: Clock
  missingAfter: number | undefined
  /** Kept from look to look. */
  settled: Set<string>
}): Promise<readonly MissingRecording[]> {
  const { store, history, owned, clock, missingAfter, settled } = deps
  if (missingAfter === undefined) return []
  const { rows } = await history.newest('session')
  const known = (uuid: string) =>
    store.db.selectFrom('guacamole_recordings').select('told').where('session', '=', uuid).executeTakeFirst()
  const isThere = async ({ uuid }: { uuid: string }) => (await known(uuid)) !== undefined
  const now = clock.now() + (agreedAhead(await deps.clocksAhead()) ?? 0)
  const missing = await findMissing({ rows, owned, now, missingAfter, isThere, settled })
  if (missing.length === 0) return []
  const told = await store.withLock('guacamole recordings', async (trx) => {
    const fresh: MissingRecording[] = []
    for (const one of missing) {
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('guacamole_recordings')
        .values({ session: one.session, told: 'missing' })
        .onConflict((conflict) => conflict.column('session').doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows) fresh.push(one)
    }
    await putInOutbox(trx, fresh.map(eventOf))
    return fresh
  })
  if (told.length > 0) await store.notify.publish('trail-outbox', { records: told.length })
  return told
}

/** That there was a session, only Guacamole says. */
const eventOf = ({ session, person, connection, name, startedAt, endedAt }: MissingRecording): AuditEvent => ({
  kind: 'recording.missing',
  actor: person,
  subject: connection.id,
  session,
  source: 'claim',
  scope: parseScope(connection.scope),
  data: { connection: name, instance: connection.instance, startedAt: toIso(startedAt), endedAt: toIso(endedAt) },
})
