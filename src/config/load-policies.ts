import { resolve } from 'node:path'
import { readPolicyFiles } from '../access/read-policies.ts'
import { isMissingFile } from '../kernel/missing-file.ts'
import { type PolicyFile, type PolicySet, parsePolicies } from '../policy/policy-set.ts'
import { configErrors } from './errors.ts'
import type { Loaded } from './load-config.ts'

/** Policies of a configuration; throws POLICY_INVALID, or CONFIG_INVALID when their folder is not there. */
export const loadPolicies = (loaded: Loaded & { policies?: string }): PolicySet => parsePolicies(readPolicies(loaded))

/** Their files, as they are. `policies`: another folder than that of the configuration. */
export function readPolicies({ config, path, folder, policies }: Loaded & { policies?: string }): PolicyFile[] {
  const where = policies ?? resolve(folder, config.access.policies)
  try {
    return readPolicyFiles(where)
  } catch (cause) {
    if (isMissingFile(cause)) {
      throw configErrors.CONFIG_INVALID({ path, faults: `  - access.policies: there is no folder ${where}` }, { cause })
    }
    throw cause
  }
}
