import type { Person } from '../model/person.ts'
import type { SessionsTable } from '../store/schema.ts'
import type { ListedSession } from './contract/sessions.ts'
import { readSessionFacts } from './facts.ts'
import type { Parts } from './parts.ts'
import { toSession } from './queries/sessions.ts'

/** Each with what this person may do with it now, so that the page offers nothing that would be refused. */
export async function withRights(
  { store, access }: Pick<Parts, 'store' | 'access'>,
  person: Person,
  rows: readonly SessionsTable[],
): Promise<ListedSession[]> {
  const factsOf = await readSessionFacts(store.db, rows)
  // A decision takes about 0.2 ms, and many rows ask the same.
  const decided = new Map<string, ListedSession['may']>()
  const decide = (row: SessionsTable): ListedSession['may'] => {
    const question = { facts: factsOf(row), owner: row.person_id }
    return {
      watch: access.may(person, { action: 'watch', ...question }).allowed,
      end: access.may(person, { action: 'end', ...question }).allowed,
    }
  }
  return rows.map((row) => {
    if (row.ended_at !== null) return { ...toSession(row), may: { watch: false, end: false } }
    const key = `${row.policy_key} ${row.person_id}`
    const may = decided.get(key) ?? decide(row)
    decided.set(key, may)
    return { ...toSession(row), may }
  })
}
