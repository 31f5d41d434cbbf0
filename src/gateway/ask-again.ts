import type { Access } from '../access/access.ts'
import { factsOf } from '../access/policy-keys.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { Person } from '../model/person.ts'
import type { SessionEndReason } from '../model/session.ts'
import type { Facts, Question } from '../policy/request.ts'
import type { Database } from '../store/store.ts'
import type { Watch } from './watch.ts'

/** A session that goes on, as the policies are asked about it. */
export type Judged = {
  person: Person
  connectionId: string
  /** Of the instance as it was read last: a tag may change under a session. */
  facts: Facts
  watches: ReadonlySet<Watch>
  session: { end(reason: SessionEndReason): Promise<void> }
}

/** Ends the session, or somebody's watching of it, when the policies in force do not allow it. What they cannot decide is not allowed. */
export function askAgain({ access, log }: { access: Access; log: Log }, one: Judged): void {
  const may = (person: Person, question: Question): boolean => {
    try {
      return access.may(person, question).allowed
    } catch (error) {
      log.error({ person: person.id, reason: reasonOf(error) }, 'what goes on could not be judged')
      return false
    }
  }
  const { person, facts } = one
  if (!may(person, { action: 'connect', facts })) return void one.session.end('access-withdrawn')
  for (const watch of one.watches) {
    const allowed = may(watch.person, { action: 'watch', facts, owner: person.id })
    if (!allowed) watch.end('access-withdrawn')
  }
}

/** What the catalogue says of their instances now; one that left it keeps what was read last. */
export async function readFactsAnew(db: Database, sessions: readonly Judged[]): Promise<void> {
  if (sessions.length === 0) return
  const ids = [...new Set(sessions.map((one) => one.connectionId))]
  const rows = await db
    .selectFrom('connections')
    .select(['id', 'tenant', 'account', 'region', 'group_path', 'protocol', 'instance'])
    .where('id', 'in', ids)
    .execute()
  const found = new Map(rows.map((row) => [row.id, factsOf(row)]))
  for (const one of sessions) one.facts = found.get(one.connectionId) ?? one.facts
}
