import { defineErrors } from '../kernel/errors.ts'

export const lambdaErrors = defineErrors({
  ENVIRONMENT_INVALID: {
    message: 'The environment of the function has faults: {faults}',
    retryable: false,
    hint: 'Deploy the stack of shared services again; it writes these variables and checks them.',
  },
  DATABASE_SECRET_INVALID: {
    message: 'The secret {arn} does not say where the database is',
    retryable: false,
    hint: 'It must be JSON with host, username, password and dbname, as RDS writes it.',
  },
})
