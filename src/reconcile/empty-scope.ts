import type { BuiltInCatalogue } from '../catalogue/built-in.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { parseScope } from '../model/scope.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'
import type { ScopeChange } from './tell-changes.ts'

/**
 * Takes the instances and connections of a scope. A tombstone says that an instance ended; these did not, and come back with their account
 * or region. The row of the scope stays for a while, to be seen, and to fence off what was observed before.
 */
export function emptyScope(
  { store, catalogue }: { store: Store; catalogue: BuiltInCatalogue },
  scope: string,
  { why, listedAt }: { why: string; listedAt: number },
): Promise<ScopeChange> {
  return store.withLock(`scope ${scope}`, async (trx) => {
    const its = trx.selectFrom('instances').where('scope', '=', scope)
    const alive = await its.select('id').where('ended_at', 'is', null).execute()
    const where = parseScope(scope)
    const records = alive.map(
      ({ id }): AuditEvent => ({
        actor: 'system:discovery',
        source: 'fact',
        kind: 'discovery.removed',
        subject: id,
        scope: where,
        data: { why },
      }),
    )
    await putInOutbox(trx, records)
    await trx.deleteFrom('instances').where('scope', '=', scope).execute()
    await trx.deleteFrom('observation_pages').where('scope', '=', scope).execute()
    const changes = await catalogue.write(trx, where, [], listedAt)
    await trx
      .updateTable('scopes')
      .set({ state: 'gone', detail: why, drift: 0, held_back: 0, applied_begun_at: listedAt })
      .where('scope', '=', scope)
      .execute()
    return { scope, changes, ended: alive.map(({ id }) => id), records: records.length }
  })
}
