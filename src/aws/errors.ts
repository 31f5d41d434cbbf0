import { defineErrors } from '../kernel/errors.ts'

export const awsErrors = defineErrors({
  AWS_DENIED: {
    message: 'AWS denied {action} in account {account}: {reason}',
    retryable: false,
    hint: 'Deploy the workload stack in that account, and check that its roles trust the role this process runs with.',
  },
  AWS_UNAVAILABLE: {
    message: 'AWS did not answer {action}: {reason}',
    retryable: true,
    hint: 'Check the network path and the credentials of this process; it is tried again by itself.',
  },
})
