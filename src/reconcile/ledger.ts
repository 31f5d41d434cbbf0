import type { Instance } from '../model/instance.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import type { Database } from '../store/store.ts'
import type { Known } from './plan.ts'

const ROWS = 500

/** A stale read is minutes old at the most, and EC2 gives no id twice: after so long nothing can bring an instance back. */
const TOMBSTONE_MS = 30 * 24 * 3_600_000

/** What lives in a scope as far as we know, and the tombstones of these ids: an observation can speak about nothing else. */
export async function readLedger(trx: Database, scope: Scope, ids: readonly string[]): Promise<Map<string, Known>> {
  const ofScope = trx.selectFrom('instances').selectAll().where('scope', '=', formatScope(scope))
  const rows = await ofScope.where('ended_at', 'is', null).execute()
  for (let at = 0; at < ids.length; at += ROWS) {
    const some = ids.slice(at, at + ROWS)
    rows.push(...(await ofScope.where('ended_at', 'is not', null).where('id', 'in', some).execute()))
  }
  return new Map(
    rows.map((row) => {
      const instance: Instance = JSON.parse(row.data)
      return [
        row.id,
        {
          instance,
          seenAt: row.seen_at,
          missingSince: row.missing_since ?? undefined,
          endedAt: row.ended_at ?? undefined,
        },
      ]
    }),
  )
}

export async function forgetTombstones(trx: Database, scope: Scope, now: number): Promise<void> {
  await trx
    .deleteFrom('instances')
    .where('scope', '=', formatScope(scope))
    .where('ended_at', '<', now - TOMBSTONE_MS)
    .execute()
}

export async function writeLedger(trx: Database, scope: Scope, rows: readonly Known[]): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS) {
    const values = rows.slice(at, at + ROWS).map((row) => ({
      scope: formatScope(scope),
      id: row.instance.id,
      state: row.instance.state,
      data: JSON.stringify(row.instance),
      seen_at: row.seenAt,
      missing_since: row.missingSince ?? null,
      ended_at: row.endedAt ?? null,
    }))
    await trx
      .insertInto('instances')
      .values(values)
      .onConflict((conflict) =>
        conflict.columns(['scope', 'id']).doUpdateSet((excluded) => ({
          state: excluded.ref('excluded.state'),
          data: excluded.ref('excluded.data'),
          seen_at: excluded.ref('excluded.seen_at'),
          missing_since: excluded.ref('excluded.missing_since'),
          ended_at: excluded.ref('excluded.ended_at'),
        })),
      )
      .execute()
  }
}
