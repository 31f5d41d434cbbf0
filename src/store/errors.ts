import { defineErrors } from '../kernel/errors.ts'

export const storeErrors = defineErrors({
  STORE_IN_USE: {
    message: 'Another process has the database {path} open',
    retryable: false,
    hint: 'Stop the other `enchilada serve`, or give this one its own data folder. Use PostgreSQL to run more than one.',
  },
  STORE_UNAVAILABLE: {
    message: 'The database cannot be reached: {reason}',
    retryable: true,
    hint: 'Check `store` in enchilada.yaml and that the database accepts connections; nothing was changed.',
  },
  STORE_NEWER: {
    message: 'The database was written by a newer version of Enchilada (migration {migration})',
    retryable: false,
    hint: 'Migrations only go forward. Run the newer version, or restore the backup made before the upgrade.',
  },
  STORE_OLDER: {
    message: 'The database is that of an older version of Enchilada: migration {migration} is still to come',
    retryable: false,
    hint: 'This command only reads. Start `enchilada serve` of this version, which brings the database up to date, or run the command of the version that is running.',
  },
})
