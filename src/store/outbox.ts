import { newId } from '../kernel/ids.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import type { Database } from './store.ts'

const AT_ONCE = 500

/**
 * Records what changes: the record is written with the change or not at all, also where the writer keeps no trail of its own.
 */
export async function putInOutbox(trx: Database, events: readonly AuditEvent[]): Promise<void> {
  const rows = events.map((event) => ({ id: newId(), event: JSON.stringify(event) }))
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    await trx
      .insertInto('trail_outbox')
      .values(rows.slice(at, at + AT_ONCE))
      .execute()
  }
}
