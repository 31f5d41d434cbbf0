import { isDenied, isExpiredAssertion, isInvalidAssertion, isInvalidValue, isRejectedClaim } from '../aws/error-sets.ts'
import { awsErrors } from '../aws/errors.ts'
import type { FederatedRole, SamlGrant } from '../aws/federated-role.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Assertion, SamlRole } from './assertion.ts'
import { loginErrors } from './errors.ts'
import type { AwsSession, Renewal } from './session.ts'

export type AssumeWithSaml = (grant: SamlGrant) => Promise<FederatedRole>

export type TakeRole = {
  role: SamlRole
  assertion: Assertion
  method: 'saml' | 'stdin'
  region: string | undefined
  durationSeconds: number | undefined
  renewal: Renewal | undefined
  /** By this machine's clock, in ms. */
  now: number
}

/** AWS gives a role for a quarter of an hour at least and twelve hours at most. The rest is the way there and small differences. */
const SHORTEST_MS = 15 * 60_000
const LONGEST_MS = 12 * 3_600_000
const TOLERATED_MS = 2 * 60_000

/** Where STS is asked when nobody says: a region of the role's own partition. */
const HOME: Readonly<Record<string, string>> = { 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' }
const homeOf = (arn: string): string => HOME[arn.split(':')[1] ?? ''] ?? 'us-east-1'

/** Hands the assertion to AWS and says in a person's words why it does not take it. */
export async function takeRole(assume: AssumeWithSaml, take: TakeRole): Promise<AwsSession> {
  const { role, assertion, method, durationSeconds, renewal } = take
  const region = take.region ?? homeOf(role.roleArn)
  try {
    const { roleArn, providerArn } = role
    const given = await assume({ region, roleArn, providerArn, assertion: assertion.encoded, durationSeconds })
    refuseWrongClock(given.expiresAt - take.now)
    return {
      v: 1,
      method,
      arn: given.arn,
      account: role.account,
      person: personOf(given.arn),
      ...(given.sourceIdentity !== undefined && { sourceIdentity: given.sourceIdentity }),
      region,
      expiresAt: given.expiresAt,
      ...(renewal && { renewal }),
      keys: given.keys,
    }
  } catch (cause) {
    if (isCoded(cause)) throw cause
    throw explain(cause, role)
  }
}

/** Everything that is kept is judged by this clock: a session would be over at once, or used for ever. */
function refuseWrongClock(left: number): void {
  if (left >= SHORTEST_MS - TOLERATED_MS && left <= LONGEST_MS + TOLERATED_MS) return
  const reason = `a new session would end ${left < 0 ? `${inMinutes(-left)} ago` : `in ${inMinutes(left)}`}`
  throw awsErrors.AWS_CLOCK_WRONG({ reason })
}

const inMinutes = (ms: number): string => `${Math.round(ms / 60_000)} min`

/** The last part of an ARN: a session's name or a user's. */
export const personOf = (arn: string): string => arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1)

function explain(cause: unknown, role: SamlRole) {
  const reason = reasonOf(cause)
  const details = { role: role.roleArn, reason }
  if (isExpiredAssertion(cause)) return loginErrors.LOGIN_ASSERTION_EXPIRED({}, { cause })
  if (isInvalidAssertion(cause)) return loginErrors.LOGIN_ASSERTION_REFUSED(details, { cause })
  if (isRejectedClaim(cause)) return loginErrors.LOGIN_IDP_REFUSED(details, { cause })
  if (isDenied(cause)) return loginErrors.LOGIN_ROLE_DENIED(details, { cause })
  if (isInvalidValue(cause) && /duration/i.test(reason)) return loginErrors.LOGIN_DURATION(details, { cause })
  return awsErrors.AWS_UNAVAILABLE({ action: 'sts:AssumeRoleWithSAML', account: role.account, reason }, { cause })
}
