import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type CodedError, isCoded, reasonOf } from '../../kernel/errors.ts'
import type { Problem } from '../contract/common.ts'

const statuses: Readonly<Record<string, ContentfulStatusCode>> = {
  NOT_SIGNED_IN: 401,
  ACCESS_DENIED: 403,
  ACCESS_NEEDS_MFA: 403,
  CROSS_SITE: 403,
  METRICS_DENIED: 403,
  NOT_YOUR_SESSION: 403,
  SIGN_IN_REFUSED: 403,
  SIGN_IN_NEEDS_MFA: 403,
  SIGN_IN_STALE: 403,
  NOT_FOUND: 404,
  CONNECTION_UNKNOWN: 404,
  CONNECTION_NOT_FOUND: 404,
  SESSION_UNKNOWN: 404,
  SESSION_NOT_FOUND: 404,
  RECORDING_NOT_FOUND: 404,
  SESSION_OVER: 409,
  RECORDING_GOES_ON: 409,
  RECORDING_IS_A_PICTURE: 409,
  PROTOCOL_UNSUPPORTED: 409,
  REQUEST_INVALID: 400,
  AUDIT_CURSOR_INVALID: 400,
  SIGN_IN_EXPIRED: 400,
  LOGOUT_TOKEN_INVALID: 400,
  TICKET_INVALID: 403,
  SIGN_IN_TOO_MANY: 429,
  ROUTE_UNGUARDED: 500,
  PORTAL_FAILED: 500,
}

/** What is for another try is the fault of something that is away: 503. Whatever else is not listed is ours: 500. */
export const statusOf = (error: CodedError): ContentfulStatusCode =>
  statuses[error.code] ?? (error.retryable ? 503 : 500)

export const problemOf = (error: CodedError): Problem => error.toJSON()

/** For the log alone: the whole chain of reasons. */
export function reasonsOf(error: unknown): string {
  const reasons: string[] = []
  for (
    let at: unknown = error;
    at !== undefined && reasons.length < 5;
    at = at instanceof Error ? at.cause : undefined
  ) {
    reasons.push(isCoded(at) ? `${at.code} ${at.message}` : reasonOf(at))
  }
  return reasons.join(' < ')
}
