import type { Clock } from '../kernel/clock.ts'
import type { CodedError } from '../kernel/errors.ts'
import type { Person } from '../model/person.ts'
import type { PolicySet } from '../policy/policy-set.ts'
import type { Question } from '../policy/request.ts'
import { createMutex } from '../store/mutex.ts'
import type { Store } from '../store/store.ts'
import { accessErrors } from './errors.ts'
import { judge, writeVisibility } from './judge.ts'
import { keysToJudge, rememberKeys } from './policy-keys.ts'
import { type Reader, readerOf, type VisibleAction, visibleActions } from './reader.ts'

export type Verdict = { allowed: true; policies: readonly string[] } | { allowed: false; error: CodedError }

export type Access = {
  /** Keys to look for in `visibility.reader`; judges the person's groups first when they are new. */
  readersOf(person: Person, action?: VisibleAction): Promise<string[]>
  /** The decision that counts, asked anew each time. */
  may(person: Person, question: Question): Verdict
  /** After the catalogue changed: new policy keys are judged for every reader known. */
  connectionsChanged(): Promise<void>
}

export function createAccess({ store, policies, clock }: { store: Store; policies: PolicySet; clock: Clock }): Access {
  const inTurn = createMutex()
  const current = new Set<string>()

  const rejudge = (reader: Reader) =>
    inTurn('judge', async () => {
      const rows = await judge(policies, reader, await keysToJudge(store.db))
      await store.withLock('visibility', async (trx) => {
        const names = visibleActions.map((action) => `${action} ${reader.key}`)
        await trx.deleteFrom('visibility').where('reader', 'in', names).execute()
        await writeVisibility(trx, rows)
        const row = {
          reader: reader.key,
          data: JSON.stringify(reader),
          policy_hash: policies.hash,
          seen_at: clock.now(),
        }
        await trx
          .insertInto('readers')
          .values(row)
          .onConflict((conflict) => conflict.column('reader').doUpdateSet(row))
          .execute()
      })
      current.add(reader.key)
    })

  return {
    async readersOf(person, action = 'list') {
      const reader = readerOf(person, policies.mentions)
      if (!current.has(reader.key)) await rejudge(reader)
      return [`${action} ${reader.key}`]
    },
    may(person, question) {
      const decision = policies.decide(person, question)
      if (decision.allowed) return { allowed: true, policies: decision.policies }
      const withSecondFactor = !person.mfa && policies.decide({ ...person, mfa: true }, question).allowed
      const refuse = withSecondFactor ? accessErrors.ACCESS_NEEDS_MFA : accessErrors.ACCESS_DENIED
      return { allowed: false, error: refuse({ action: question.action }) }
    },
    connectionsChanged: () =>
      inTurn('judge', async () => {
        const fresh = await rememberKeys(store, policies.mentions)
        if (fresh.length === 0) return
        const readers = await store.db.selectFrom('readers').select('data').execute()
        for (const { data } of readers) {
          const rows = await judge(policies, JSON.parse(data), fresh)
          await store.withLock('visibility', (trx) => writeVisibility(trx, rows))
        }
      }),
  }
}
