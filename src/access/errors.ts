import { defineErrors } from '../kernel/errors.ts'

export const accessErrors = defineErrors({
  ACCESS_DENIED: {
    message: 'You may not {action} this',
    retryable: false,
    hint: 'Ask whoever keeps the access policies; the refusal is in the audit trail with the time and your name.',
  },
  ACCESS_NEEDS_MFA: {
    message: 'You may {action} this only after signing in with a second factor',
    retryable: false,
    hint: 'Sign in again and confirm with your second factor.',
  },
})
