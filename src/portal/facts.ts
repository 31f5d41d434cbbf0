import { factsOf } from '../access/policy-keys.ts'
import { parseScope } from '../model/scope.ts'
import type { Facts } from '../policy/request.ts'
import type { SessionsTable } from '../store/schema.ts'
import type { Database } from '../store/store.ts'
import { portalErrors } from './errors.ts'
import { readSessionRow } from './queries/sessions.ts'
import type { Asked } from './route.ts'

/** "May they connect to this?" Throws CONNECTION_UNKNOWN. */
export async function askConnect(db: Database, action: 'list' | 'connect', id: string): Promise<Asked> {
  const row = await db.selectFrom('connections').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw portalErrors.CONNECTION_UNKNOWN()
  return { question: { action, facts: factsOf(row) }, subject: id, scope: parseScope(row.scope) }
}

/** "May they watch, play or end this?" Answered from what the instance was when the session began. Throws SESSION_UNKNOWN. */
export async function askSession(db: Database, action: 'watch' | 'play' | 'end', id: string): Promise<Asked> {
  const row = await readSessionRow(db, id)
  if (!row) throw portalErrors.SESSION_UNKNOWN()
  const facts = (await readSessionFacts(db, [row]))(row)
  return {
    question: { action, facts, owner: row.person_id },
    subject: id,
    scope: parseScope(row.scope),
    session: id,
  }
}

/** The policy key keeps what the policies could tell apart; without it (never judged) a session has no tags. */
export async function readSessionFacts(
  db: Database,
  rows: readonly SessionsTable[],
): Promise<(row: SessionsTable) => Facts> {
  const keys = [...new Set(rows.map((row) => row.policy_key))]
  const found =
    keys.length === 0 ? [] : await db.selectFrom('policy_keys').selectAll().where('policy_key', 'in', keys).execute()
  const known = new Map<string, Facts>(found.map((row) => [row.policy_key, JSON.parse(row.facts)]))
  return (row) => known.get(row.policy_key) ?? bareFacts(row)
}

const bareFacts = ({ tenant, account, protocol, scope, group_path }: SessionsTable): Facts => ({
  tenant,
  account,
  protocol,
  region: parseScope(scope).region,
  group: JSON.parse(group_path),
  tags: {},
})
