import { policyErrors } from './errors.ts'
import { policyKey } from './policy-key.ts'
import type { PolicySet } from './policy-set.ts'
import type { Facts } from './request.ts'

/**
 * Which groups may connect, for a catalogue that can be told nothing finer. Never more than the policies give: what they say
 * beyond groups is refused with POLICY_BEYOND_GROUPS.
 */
export function groupReaders(policies: PolicySet): (facts: Facts) => readonly string[] {
  const { groups, faults } = policies.groupRules
  if (faults.length > 0) throw policyErrors.POLICY_BEYOND_GROUPS({ faults: faults.join('; ') })
  const known = new Map<string, readonly string[]>()
  return (facts) => {
    const key = policyKey(facts, policies.mentions)
    const readers =
      known.get(key) ??
      groups.filter((group) => {
        const asker = { id: `group:${group}`, name: '', groups: [group], mfa: false }
        return policies.decide(asker, { action: 'connect', facts }).allowed
      })
    known.set(key, readers)
    return readers
  }
}
