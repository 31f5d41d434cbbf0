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
    hint: 'Run `enchilada audit verify`; move the damaged folder aside to start a new chain under another `node` name, and keep it as evidence.',
  },
  AUDIT_CURSOR_INVALID: {
    message: 'The cursor is none of a list of records',
    retryable: false,
    hint: 'Send `nextCursor` of the page before as it came, or none to begin with the newest.',
  },
  AUDIT_SINK_DENIED: {
    message: 'The log group {group} of the trail refuses {action}: {reason}',
    retryable: true,
    hint: 'Allow this process that action on the log group and its streams. What waits is kept and sent then.',
  },
  AUDIT_SINK_MISSING: {
    message: 'The log group {group} of the trail is not there: {reason}',
    retryable: true,
    hint: 'Create it, or correct `audit.cloudWatchLogs.group` and its region. What waits is kept and sent then.',
  },
  AUDIT_SINK_REFUSED: {
    message: 'The log group {group} does not take records of the trail: {reason}',
    retryable: true,
    hint: 'Check the clock of this machine, and that the log group keeps events for more than 14 days.',
  },
  AUDIT_SINK_UNAVAILABLE: {
    message: 'The log group {group} of the trail did not answer {action}: {reason}',
    retryable: true,
    hint: 'It is tried again by itself; what waits is kept. Check the network path to CloudWatch Logs.',
  },
  AUDIT_SINK_UNSURE: {
    message: 'Whether the log group {group} took the last records is not known: {reason}',
    retryable: true,
    hint: 'The end of its stream is read before anything is sent again. Check the network path to CloudWatch Logs.',
  },
  AUDIT_SINK_DIVERGED: {
    message: 'The log group {group} holds other records of {writer} than this machine: {reason}',
    retryable: false,
    hint: 'Two processes may write under one name, or the folder of the trail was replaced. Nothing more is sent. Give this process another `node` name, and keep both as evidence.',
  },
  AUDIT_EXPORT_EXISTS: {
    message: 'The folder {directory} is not empty',
    retryable: false,
    hint: 'Name a new one: two trails in one folder prove nothing.',
  },
  AUDIT_SIGNED_ELSEWHERE: {
    message: 'Another notary has signed checkpoint {number} in {where}',
    retryable: true,
    hint: 'Nothing is wrong: of several processes one signs at a time. The next round goes on from there.',
  },
  AUDIT_KEY_CHANGED: {
    message: 'The checkpoints were signed with another key than the one configured: {configured}',
    retryable: false,
    hint: 'All processes of one trail sign with one key: give them the same `audit.signingKey`. A new key needs a new place for `audit.checkpoints`; keep the old one.',
  },
})
