import { defineErrors } from '../kernel/errors.ts'

export const inventoryErrors = defineErrors({
  QUEUE_REFUSED: {
    message: 'SQS did not take a message: {reason}',
    retryable: true,
    hint: 'It is tried again with the event that it came from. If it stays so, look at the quotas and the policy of the queue.',
  },
})
