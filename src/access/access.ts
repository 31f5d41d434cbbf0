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
import { type Reader, readerOf, type VisibleAction } from './reader.ts'
import { forgetReaders, rememberReader } from './reader-rows.ts'

export type Verdict = { allowed: true; policies: readonly string[] } | { allowed: false; error: CodedError }

export type Access = {
  /** Keys to look for in `visibility.reader`; judges the person's groups first when they are new. */
  readersOf(person: Person, action?: VisibleAction): Promise<string[]>
  /** The decision that counts, asked anew each time. */
  may(person: Person, question: Question): Verdict
  /** After the catalogue changed: new policy keys are judged for every reader known. */
  connectionsChanged(): Promise<void>
  /** What decides now. */
  policies(): PolicySet
  /** From this call on these decide; whoever asked to be told is told before it returns. */
  use(policies: PolicySet): void
  /** Other policies are in force. Returns how to stop listening. */
  onPolicies(listener: () => void): () => void
}

/** A reader is judged anew once a day, which also says that somebody still asks as it. */
const JUDGED_FOR_MS = 24 * 3_600_000

export function createAccess(options: { store: Store; policies: PolicySet; clock: Clock }): Access {
  const { store, clock } = options
  const inTurn = createMutex()
  const judgedAt = new Map<string, number>()
  const listeners = new Set<() => void>()
  let inForce = options.policies

  const judgeReader = (policies: PolicySet, reader: Reader) =>
    inTurn('judge', async () => {
      const rows = await judge(policies, reader, await keysToJudge(store.db))
      const now = clock.now()
      await store.withLock('visibility', async (trx) => {
        await rememberReader(trx, { reader, policyHash: policies.hash, now })
        await writeVisibility(trx, rows)
        await forgetReaders(trx, now - 2 * JUDGED_FOR_MS)
      })
      judgedAt.set(reader.key, now)
    })

  return {
    async readersOf(person, action = 'list') {
      const policies = inForce
      const reader = readerOf(person, policies)
      if ((judgedAt.get(reader.key) ?? 0) < clock.now() - JUDGED_FOR_MS) await judgeReader(policies, reader)
      return [`${action} ${reader.key}`]
    },
    may(person, question) {
      const decision = inForce.decide(person, question)
      if (decision.allowed) return { allowed: true, policies: decision.policies }
      const withSecondFactor = !person.mfa && inForce.decide({ ...person, mfa: true }, question).allowed
      const refuse = withSecondFactor ? accessErrors.ACCESS_NEEDS_MFA : accessErrors.ACCESS_DENIED
      return { allowed: false, error: refuse({ action: question.action }) }
    },
    connectionsChanged: () =>
      inTurn('judge', async () => {
        const policies = inForce
        const fresh = await rememberKeys(store, policies.mentions)
        if (fresh.length === 0) return
        // Readers of other policies are those of another node, or of before.
        const readers = await store.db
          .selectFrom('readers')
          .select('data')
          .where('policy_hash', '=', policies.hash)
          .execute()
        for (const { data } of readers) {
          const rows = await judge(policies, JSON.parse(data), fresh)
          await store.withLock('visibility', (trx) => writeVisibility(trx, rows))
        }
      }),
    policies: () => inForce,
    use(policies) {
      inForce = policies
      for (const listener of listeners) listener()
    },
    onPolicies(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
