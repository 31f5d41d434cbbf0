import type { DesireDeps } from '../catalogue/guacamole/desire.ts'
import { groupReaders } from '../policy/group-readers.ts'
import type { PolicySet } from '../policy/policy-set.ts'
import type { PolicyFollowerDeps } from './follow-policies.ts'

/** User groups by connection, by policies that others may take the place of. Throws POLICY_BEYOND_GROUPS, also for those others. */
export function createReaders(first: PolicySet): Pick<DesireDeps, 'readersOf'> & Pick<PolicyFollowerDeps, 'prepare'> {
  let readers = groupReaders(first)
  return {
    prepare(policies) {
      const next = groupReaders(policies)
      return () => {
        readers = next
      }
    },
    readersOf: ({ scope, group, protocol, instance }) => readers({ ...scope, group, protocol, tags: instance.tags }),
  }
}
