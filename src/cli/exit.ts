import { CommanderError } from 'commander'
import { accessErrors } from '../access/errors.ts'
import { loginErrors } from '../aws-login/errors.ts'
import { CodedError, hasCode, isCoded } from '../kernel/errors.ts'

/** What a shell learns; sysexits' 64 and 77 for usage and permission. */
export const exitCodes = { ok: 0, failed: 1, wouldChange: 2, usage: 64, denied: 77 } as const

const { LOGIN_NO_ROLE, LOGIN_ROLE_DENIED, LOGIN_IDP_REFUSED } = loginErrors
const loginDenials = [LOGIN_NO_ROLE, LOGIN_ROLE_DENIED, LOGIN_IDP_REFUSED]
const { LOGIN_SETTINGS_INVALID, LOGIN_SIGN_IN_URL_MISSING, LOGIN_ROLE_AMBIGUOUS, LOGIN_ROLE_UNKNOWN } = loginErrors
const loginUsage = [LOGIN_SETTINGS_INVALID, LOGIN_SIGN_IN_URL_MISSING, LOGIN_ROLE_AMBIGUOUS, LOGIN_ROLE_UNKNOWN]

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (hasCode(error, accessErrors.ACCESS_DENIED, accessErrors.ACCESS_NEEDS_MFA, ...loginDenials))
    return exitCodes.denied
  if (hasCode(error, ...loginUsage)) return exitCodes.usage
  if (isCoded(error) && error.code.startsWith('CONFIG_')) return exitCodes.usage
  return exitCodes.failed
}

/** For a person: what happened and what to do next. For `--json`: the same as one document. */
export function describeError(error: unknown, { json }: { json: boolean }): string {
  const coded =
    error instanceof CodedError
      ? error
      : new CodedError('UNEXPECTED', {
          message: error instanceof Error ? error.message : String(error),
          retryable: false,
          hint: 'This is a fault of Enchilada. Run again with LOG_LEVEL=debug and report what it prints.',
        })
  if (json) return JSON.stringify({ error: coded.toJSON() })
  return `enchilada: ${coded.message} (${coded.code})\n  ${coded.hint}`
}
