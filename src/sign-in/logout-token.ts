import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as z from 'zod'
import { reasonOf } from '../kernel/errors.ts'
import { signInErrors } from './errors.ts'
import { isOutage } from './provider.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** Public keys only: with a symmetric algorithm, or none, anybody could write one. */
const SIGNATURES = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

const claimsSchema = z.object({
  sub: z.string().optional(),
  sid: z.string().optional(),
  events: z.object({ [EVENT]: z.record(z.string(), z.unknown()) }),
  nonce: z.undefined().optional(),
})

export type LogoutToken = { subject?: string; providerSession?: string }

/**
 * Checks logout tokens (OpenID Connect Back-Channel Logout 1.0, 2.6). `jti` is not kept: a repeated token
 * ends what is ended already. Rejects with LOGOUT_TOKEN_INVALID, or what the network said while fetching the keys.
 */
export function createLogoutTokenReader(clientId: string) {
  // Kept from token to token: it fetches the provider's keys again only for an unknown key, and not more often than each 30 s.
  let keys: { uri: string; find: ReturnType<typeof createRemoteJWKSet> } | undefined
  return async (token: string, provider: { issuer: string; jwksUri: string }, now: Date): Promise<LogoutToken> => {
    if (keys?.uri !== provider.jwksUri) {
      keys = { uri: provider.jwksUri, find: createRemoteJWKSet(new URL(provider.jwksUri)) }
    }
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer: provider.issuer,
        audience: clientId,
        algorithms: SIGNATURES,
        maxTokenAge: '5m',
        clockTolerance: '60s',
        requiredClaims: ['jti'],
        currentDate: now,
      })
      const { sub, sid } = claimsSchema.parse(payload)
      if (sub === undefined && sid === undefined) throw new TypeError('it names neither a subject nor a session')
      return { ...(sub === undefined ? {} : { subject: sub }), ...(sid === undefined ? {} : { providerSession: sid }) }
    } catch (cause) {
      if (isOutage(cause)) throw cause
      throw signInErrors.LOGOUT_TOKEN_INVALID({ reason: reasonOf(cause) }, { cause })
    }
  }
}
