import { defineErrors } from '../kernel/errors.ts'

export const lambdaErrors = defineErrors({
  ENVIRONMENT_INVALID: {
    message: 'The environment of the function has faults: {faults}',
    retryable: false,
    hint: 'Deploy its stack again; it writes these variables and checks them.',
  },
  DATABASE_SECRET_INVALID: {
    message: 'The secret {arn} does not say where the database is',
    retryable: false,
    hint: 'It must be JSON with host, username, password and dbname, as RDS writes it.',
  },
  NAMED_SECRET_MISSING: {
    message: 'There is no text in the secret that the function knows as {name}',
    retryable: true,
    hint: 'Put the password, or the URL, into it as plain text; its ARN is under `guacamole.secrets` of the deployment’s settings.',
  },
  REAPER_INCOMPLETE: {
    message: 'The reaper could not do everything: {what}',
    retryable: true,
    hint: 'It comes again with the next round. If it stays: has its role been changed, or its log group deleted?',
  },
})
