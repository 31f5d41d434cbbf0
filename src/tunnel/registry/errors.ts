import { defineErrors } from '../../kernel/errors.ts'

export const registryErrors = defineErrors({
  ENVIRONMENTS_INVALID: {
    message: 'The environments are not valid:{faults}',
    retryable: false,
    hint: 'Correct every fault named; enchilada environments check tells whether any is left.',
  },
  ENVIRONMENTS_UNREADABLE: {
    message: 'The environments at {place} cannot be read: {reason}',
    retryable: true,
    hint: 'Name a file, a folder or ssm:/path with --environments or ENCHILADA_ENVIRONMENTS, and see that you may read it.',
  },
})
