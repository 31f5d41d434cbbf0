import { defineErrors } from '../kernel/errors.ts'

export const shipErrors = defineErrors({
  SHIP_FOLDER_UNREADABLE: {
    message: 'The folder of recordings {folder} cannot be read: {reason}',
    retryable: true,
    hint: 'Name the folder that guacd writes to with --folder, and run as a user that may read it and remove from it.',
  },
  SHIP_NOT_A_RECORDING: {
    message: '{file} is not what guacd records: {reason}',
    retryable: false,
    hint: 'It stays where it is. Look at it, and take it out of the folder of recordings.',
  },
  SHIP_STORE_UNWRITABLE: {
    message: 'The store of recordings takes nothing: {reason}',
    retryable: true,
    hint: 'Free space on its disk, or repair the folder `recordings.directory`. What is recorded stays where it is until then; what was begun is gone on with.',
  },
  SHIP_FILE_CHANGED: {
    message: '{file} was written to while it was shipped',
    retryable: false,
    hint: 'It stays where it is, whole; the recording in the store ends earlier. Something writes to a session that is over: on a shared folder, guacd on another machine.',
  },
})

export const followErrors = defineErrors({
  GUACAMOLE_POLICIES_NOT_PUBLISHED: {
    message: 'No `serve` has published the policies for Guacamole in this database yet',
    retryable: true,
    hint: 'Set `catalogue.guacamole` in its enchilada.yaml, with `by: lambda`, and start `enchilada serve` on this database. Nothing is granted until then.',
  },
})
