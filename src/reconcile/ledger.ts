import type { Instance } from '../model/instance.ts'
import { formatScope, type Scope } from '../model/scope.ts'
import type { Database } from '../store/store.ts'
import type { Known } from './plan.ts'

const ROWS = 500

/** Everything that AWS ever showed us of a scope; tombstones too. */
export async function readLedger(trx: Database, scope: Scope): Promise<Map<string, Known>> {
  const rows = await trx.selectFrom('instances').selectAll().where('scope', '=', formatScope(scope)).execute()
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
