import type { Mentions } from '../policy/mentions.ts'
import { judgedFacts, policyKey } from '../policy/policy-key.ts'
import type { Facts } from '../policy/request.ts'
import type { ConnectionsTable } from '../store/schema.ts'
import type { Database, Store } from '../store/store.ts'
import type { JudgedKey } from './judge.ts'

type FactColumns = Pick<ConnectionsTable, 'tenant' | 'account' | 'region' | 'group_path' | 'protocol' | 'instance'>

/** What policies may ask about the row of a connection. */
export function factsOf(row: FactColumns): Facts {
  const { tenant, account, region, protocol } = row
  return {
    tenant,
    account,
    region,
    protocol,
    group: JSON.parse(row.group_path),
    tags: JSON.parse(row.instance).tags,
  }
}

export async function keysToJudge(db: Database): Promise<JudgedKey[]> {
  const rows = await db.selectFrom('policy_keys').selectAll().execute()
  return rows.map((row) => ({ policyKey: row.policy_key, facts: JSON.parse(row.facts) }))
}

/** Writes down the policy keys that the catalogue uses and that are not yet known; returns these. */
export async function rememberKeys(store: Store, mentions: Mentions): Promise<JudgedKey[]> {
  const rows = await store.db
    .selectFrom('connections')
    .leftJoin('policy_keys', 'policy_keys.policy_key', 'connections.policy_key')
    .select(['tenant', 'account', 'region', 'group_path', 'protocol', 'instance', 'connections.policy_key as key'])
    .where('policy_keys.policy_key', 'is', null)
    .execute()
  const fresh = new Map(rows.map((row) => [row.key, judgedFacts(factsOf(row), mentions)]))
  const keys = [...fresh].map(([key, facts]) => ({ policyKey: key, facts }))
  for (const { policyKey: key, facts } of keys) {
    await store.db
      .insertInto('policy_keys')
      .values({ policy_key: key, facts: JSON.stringify(facts) })
      .onConflict((conflict) => conflict.column('policy_key').doNothing())
      .execute()
  }
  return keys
}

/** When the policies speak of other tags than before, every connection gets its new key. */
export async function rekeyConnections(store: Store, mentions: Mentions): Promise<number> {
  const rows = await store.db
    .selectFrom('connections')
    .select(['id', 'tenant', 'account', 'region', 'group_path', 'protocol', 'instance', 'policy_key'])
    .execute()
  const changed = rows
    .map((row) => ({ id: row.id, from: row.policy_key, to: policyKey(factsOf(row), mentions) }))
    .filter(({ from, to }) => from !== to)
  if (changed.length === 0) return 0
  await store.withLock('visibility', async (trx) => {
    for (const { id, to } of changed) {
      await trx.updateTable('connections').set({ policy_key: to }).where('id', '=', id).execute()
    }
  })
  return changed.length
}
