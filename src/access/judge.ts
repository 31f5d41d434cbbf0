import { setImmediate as breathe } from 'node:timers/promises'
import type { PolicySet } from '../policy/policy-set.ts'
import type { Facts, Question } from '../policy/request.ts'
import type { Database } from '../store/store.ts'
import { askerOf, type Reader, type VisibleAction, visibleActions } from './reader.ts'

/** Decisions between two breaths of the event loop: about 5 ms of work at 0.2 ms each. */
const BATCH = 25

export type JudgedKey = { policyKey: string; facts: Facts }

/** Which of the keys the reader could be allowed, per action; yields to the event loop between batches. */
export async function judge(policies: PolicySet, reader: Reader, keys: readonly JudgedKey[]) {
  const asker = askerOf(reader)
  const visible: { reader: string; policy_key: string }[] = []
  let decided = 0
  for (const { policyKey, facts } of keys) {
    for (const action of visibleActions) {
      if (policies.decide(asker, questionOf(action, facts, asker.id)).allowed) {
        visible.push({ reader: `${action} ${reader.key}`, policy_key: policyKey })
      }
      decided += 1
      if (decided % BATCH === 0) await breathe()
    }
  }
  return visible
}

function questionOf(action: VisibleAction, facts: Facts, askerId: string): Question {
  switch (action) {
    case 'list':
      return { action, facts }
    case 'play-own':
      return { action: 'play', facts, owner: askerId }
    case 'play':
    case 'watch':
      return { action, facts, owner: 'somebody else' }
  }
}

/** Replaces what is written of these readers and keys by the new judgement. */
export async function writeVisibility(
  trx: Database,
  rows: readonly { reader: string; policy_key: string }[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += 500) {
    await trx
      .insertInto('visibility')
      .values(rows.slice(at, at + 500))
      .onConflict((conflict) => conflict.columns(['reader', 'policy_key']).doNothing())
      .execute()
  }
}
