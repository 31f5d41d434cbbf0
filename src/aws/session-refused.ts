import { type CodedError, reasonOf } from '../kernel/errors.ts'
import { isExpiredSession, isWrongClock } from './error-sets.ts'
import { awsErrors } from './errors.ts'

/** What an engineer does about it is the same for every call: credentials that have ended, and a clock by which nothing holds. */
export function sessionRefused(cause: unknown): CodedError | undefined {
  const details = { reason: reasonOf(cause) }
  if (isWrongClock(cause)) return awsErrors.AWS_CLOCK_WRONG(details, { cause })
  return isExpiredSession(cause) ? awsErrors.AWS_SESSION_EXPIRED(details, { cause }) : undefined
}
