import { defineErrors } from '../kernel/errors.ts'

export const recordingErrors = defineErrors({
  RECORDING_UNAVAILABLE: {
    message: 'The session cannot be recorded: {reason}',
    retryable: true,
    hint: 'A session that must be recorded is not opened, or is ended. Free space or repair the folder `recordings.directory`, and the bucket where there is one.',
  },
  RECORDING_ALREADY_THERE: {
    message: 'The recording {id} has another {name} already',
    retryable: false,
    hint: 'Files of a recording are written once. Two processes may have sealed the same session: verify it, and keep what is there.',
  },
  RECORDING_NOT_KEPT: {
    message: 'The store does not hold the recording {id} as it was given: {reason}',
    retryable: false,
    hint: 'Nothing was removed where it came from. Verify what is in the store; who else writes there?',
  },
  RECORDING_IS_A_PICTURE: {
    message: 'The recording {id} came from Guacamole: it is a picture, not text',
    retryable: false,
    hint: 'Play it in the portal. `enchilada recordings export` writes it as guacd did, for guacenc and for Guacamole’s own player.',
  },
  RECORDING_KEY_MISSING: {
    message: 'There is no public key beside the checkpoints to verify recordings with',
    retryable: false,
    hint: 'It is written with the first checkpoint, a minute after the first start. Name a PEM file with --public-key, or the checkpoints with `audit.checkpoints`.',
  },
  RECORDING_NOT_FOUND: {
    message: 'There is no recording {id}',
    retryable: false,
    hint: 'Look the session up in the list; recordings older than the retention of the store are gone.',
  },
})
