import { resolve } from 'node:path'
import { readPolicyFiles } from '../access/read-policies.ts'
import { type PolicySet, parsePolicies } from '../policy/policy-set.ts'
import { configErrors } from './errors.ts'
import type { Loaded } from './load-config.ts'

/** Policies of a configuration; throws POLICY_INVALID, or CONFIG_INVALID when their folder is not there. */
export function loadPolicies({ config, path, folder, policies }: Loaded & { policies?: string }): PolicySet {
  const where = policies ?? resolve(folder, config.access.policies)
  try {
    return parsePolicies(readPolicyFiles(where))
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')) {
      throw configErrors.CONFIG_INVALID({ path, faults: `  - access.policies: there is no folder ${where}` }, { cause })
    }
    throw cause
  }
}
