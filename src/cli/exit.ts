import { CommanderError } from 'commander'
import { accessErrors } from '../access/errors.ts'
import { loginErrors } from '../aws-login/errors.ts'
import { CodedError, hasCode, isCoded } from '../kernel/errors.ts'
import { tunnelErrors } from '../tunnel/errors.ts'

/** What a shell learns; sysexits' 64 and 77 for usage and permission. */
export const exitCodes = { ok: 0, failed: 1, wouldChange: 2, usage: 64, denied: 77 } as const

const denials = [
  ...[accessErrors.ACCESS_DENIED, accessErrors.ACCESS_NEEDS_MFA],
  ...[loginErrors.LOGIN_NO_ROLE, loginErrors.LOGIN_ROLE_DENIED, loginErrors.LOGIN_IDP_REFUSED],
  tunnelErrors.TUNNEL_AWS_DENIED,
]
const usage = [
  ...[loginErrors.LOGIN_SETTINGS_INVALID, loginErrors.LOGIN_OPTION_INVALID, loginErrors.LOGIN_SIGN_IN_URL_MISSING],
  ...[loginErrors.LOGIN_ROLE_AMBIGUOUS, loginErrors.LOGIN_ROLE_UNKNOWN, loginErrors.LOGIN_PROFILE_UNKEPT],
  ...[tunnelErrors.TUNNEL_ENVIRONMENT_UNKNOWN, tunnelErrors.TUNNEL_NETWORK_UNKNOWN],
  ...[
    tunnelErrors.TUNNEL_TIME_INVALID,
    tunnelErrors.TUNNEL_EXTEND_TOO_LONG,
    tunnelErrors.TUNNEL_ADDRESS_INVALID,
    tunnelErrors.TUNNEL_TARGET_INVALID,
  ],
]

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (hasCode(error, ...denials)) return exitCodes.denied
  if (hasCode(error, ...usage)) return exitCodes.usage
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
