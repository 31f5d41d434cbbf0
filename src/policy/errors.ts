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
  POLICY_BEYOND_GROUPS: {
    message: 'Guacamole knows only groups that may connect or may not; these policies say more: {faults}',
    retryable: false,
    hint: 'Write policies for Guacamole that grant `connect` to groups, by tags or accounts of the instance, in a folder of their own (`catalogue.guacamole.policies`). Nothing was granted.',
  },
})
