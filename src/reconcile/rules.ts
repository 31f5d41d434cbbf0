import type { Mentions } from '../policy/mentions.ts'
import type { Database } from '../store/store.ts'
import type { ConnectionSettings } from '../wanted/settings.ts'
import { reconcileErrors } from './errors.ts'

/** What of the configuration decides about connections. `serve` publishes it; a writer elsewhere reads it with each batch. */
export type DiscoveryRules = {
  connections: ConnectionSettings
  /** ms. */
  absenceProof: number
  /** ms. */
  accountGrace: number
  mentions: Mentions
}

const ROW = 1

export async function publishRules(db: Database, rules: DiscoveryRules): Promise<void> {
  const row = { id: ROW, rules: JSON.stringify(rules) }
  await db
    .insertInto('discovery_rules')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
}

/** Rejects with RULES_NOT_PUBLISHED. */
export async function readRules(db: Database): Promise<DiscoveryRules> {
  const row = await db.selectFrom('discovery_rules').select('rules').where('id', '=', ROW).executeTakeFirst()
  if (!row) throw reconcileErrors.RULES_NOT_PUBLISHED()
  return JSON.parse(row.rules)
}
