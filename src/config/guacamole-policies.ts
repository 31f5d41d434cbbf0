import { resolve } from 'node:path'
import type { GuacamoleSettings } from '../catalogue/guacamole/settings.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import type { PolicyFollowerDeps } from './follow-policies.ts'
import type { Loaded } from './load-config.ts'
import { readPolicies } from './load-policies.ts'
import { createReaders } from './readers-in-force.ts'

export type GuacamolePolicies = ReturnType<typeof createReaders> & Pick<PolicyFollowerDeps, 'files' | 'read'>

/** Who may connect to what in Guacamole: the files that say so, and how to put others in force. Throws POLICY_BEYOND_GROUPS. */
export function openGuacamolePolicies(loaded: Loaded, settings: GuacamoleSettings): GuacamolePolicies {
  const folder = settings.policies ?? loaded.config.access.policies
  const read = () => readPolicies({ ...loaded, policies: resolve(loaded.folder, folder) })
  const files = read()
  return { ...createReaders(parsePolicies(files)), files, read }
}
