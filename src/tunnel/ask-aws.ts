import { isDenied, isOverQuota } from '../aws/error-sets.ts'
import { sessionRefused } from '../aws/session-refused.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import { tunnelErrors } from './errors.ts'

/** Gives what AWS's refusals and silences mean to an engineer who wants a tunnel. */
export async function askAws<T>(action: string, account: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isCoded(cause)) throw cause
    const refused = sessionRefused(cause)
    if (refused) throw refused
    const details = { action, account, reason: reasonOf(cause) }
    if (isOverQuota(cause)) throw tunnelErrors.TUNNEL_QUOTA(details, { cause })
    throw isDenied(cause)
      ? tunnelErrors.TUNNEL_AWS_DENIED(details, { cause })
      : tunnelErrors.TUNNEL_AWS_UNAVAILABLE(details, { cause })
  }
}
