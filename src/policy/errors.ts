import { defineErrors } from '../kernel/errors.ts'

export const policyErrors = defineErrors({
  POLICY_INVALID: {
    message: 'The access policies are not valid: {faults}',
    retryable: false,
    hint: 'Correct the named *.cedar file; docs/access.md lists the entities, actions and attributes. The policies in force did not change.',
  },
  POLICY_FAILED: {
    message: 'The access policies could not be evaluated: {reason}',
    retryable: false,
    hint: 'The request was refused. Report this with the policy files: a validated policy should always evaluate.',
  },
})
