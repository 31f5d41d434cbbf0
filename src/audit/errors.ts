import { defineErrors } from '../kernel/errors.ts'

export const auditErrors = defineErrors({
  AUDIT_UNAVAILABLE: {
    message: 'The audit trail cannot be written: {reason}',
    retryable: true,
    hint: 'Nothing is done that cannot be recorded. Free space or repair the folder `audit.directory`; writing resumes by itself.',
  },
  AUDIT_NOT_CONTINUED: {
    message: 'The trail of {writer} does not end where it should: {reason}',
    retryable: false,
    hint: 'Run `enchilada audit verify`; move the damaged folder aside to start a new chain, and keep it as evidence.',
  },
})
