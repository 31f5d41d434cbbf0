import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent, Trail } from '../model/audit-event.ts'
import type { Store } from '../store/store.ts'

const AT_ONCE = 500

/**
 * Moves what waits into the trail of this node; call it after each notice and from time to time. A record goes out of the table
 * once it is durable in the trail, so that a crash in between doubles it and never loses it. Never throws.
 */
export function createOutboxDrain({ store, trail, log }: { store: Store; trail: Trail; log: Log }) {
  let draining: Promise<void> | undefined
  let asked = false

  const moveSome = () =>
    store.withLock('trail outbox', async (trx) => {
      const rows = await trx.selectFrom('trail_outbox').selectAll().orderBy('id').limit(AT_ONCE).execute()
      if (rows.length === 0) return 0
      const events: AuditEvent[] = rows.map((row) => JSON.parse(row.event))
      await Promise.all(events.map((event) => trail.record(event)))
      await trx
        .deleteFrom('trail_outbox')
        .where(
          'id',
          'in',
          rows.map((row) => row.id),
        )
        .execute()
      return rows.length
    })

  const drainAll = async () => {
    try {
      do {
        asked = false
        while ((await moveSome()) === AT_ONCE);
      } while (asked)
    } catch (error) {
      log.error({ reason: reasonOf(error) }, 'changes wait in the outbox for the trail')
    } finally {
      draining = undefined
    }
  }

  return function drain(): Promise<void> {
    asked = true
    draining ??= drainAll()
    return draining
  }
}
