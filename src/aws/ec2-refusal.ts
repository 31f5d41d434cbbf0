import { EC2ServiceException } from '@aws-sdk/client-ec2'
import { isDenied, isOutOfCapacity, isThrottled } from './error-sets.ts'

// Apart from error-sets.ts: who reads those sets alone must not carry a client of EC2.

/**
 * AWS understood the call and will never do it as it stands: nothing came of it, now or the first time. A denial is none: who is denied now may have been
 * admitted then.
 */
export function isRefusal(error: unknown): boolean {
  if (isDenied(error) || isThrottled(error) || !(error instanceof EC2ServiceException)) return false
  const status = error.$metadata.httpStatusCode ?? 0
  return isOutOfCapacity(error) || (status >= 400 && status < 500 && error.name !== 'RequestExpired')
}

/** It said so, or denied it, to the one try that there was: a later try may be refused what an earlier one was granted, whose reply was lost. */
export const isRefusalAtOnce = (error: unknown): boolean =>
  error instanceof EC2ServiceException && error.$metadata.attempts === 1 && (isRefusal(error) || isDenied(error))
