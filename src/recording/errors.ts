import { defineErrors } from '../kernel/errors.ts'

export const recordingErrors = defineErrors({
  RECORDING_UNAVAILABLE: {
    message: 'The session cannot be recorded: {reason}',
    retryable: true,
    hint: 'A session that must be recorded is not opened, or is ended. Free space or repair the folder `recordings.directory`.',
  },
  RECORDING_NOT_FOUND: {
    message: 'There is no recording {id}',
    retryable: false,
    hint: 'Look the session up in the list; recordings older than the retention of the store are gone.',
  },
})
