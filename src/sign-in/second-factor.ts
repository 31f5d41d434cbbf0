import type { SignInSettings } from './settings.ts'

/** The claims of an ID token that say how somebody was signed in (OpenID Connect Core 2; RFC 8176). */
export type AuthenticationClaims = { amr?: unknown; acr?: unknown; auth_time?: unknown }

/** Clocks of provider and portal may differ by so much. */
export const CLOCK_TOLERANCE_MS = 60_000

export function hasSecondFactor(claims: AuthenticationClaims, mfa: SignInSettings['mfa']): boolean {
  const methods = Array.isArray(claims.amr) ? claims.amr : []
  if (methods.some((method) => mfa.amr.includes(method))) return true
  return typeof claims.acr === 'string' && mfa.acr.includes(claims.acr)
}

/** When the provider really asked the person, ms since 1970; undefined when it does not say. */
export const authenticatedAt = (claims: AuthenticationClaims): number | undefined =>
  typeof claims.auth_time === 'number' ? claims.auth_time * 1000 : undefined

/** Not older than `notBefore`. A provider that does not say when cannot be fresh. */
export function isFresh(claims: AuthenticationClaims, notBefore: number): boolean {
  const at = authenticatedAt(claims)
  return at !== undefined && at >= notBefore - CLOCK_TOLERANCE_MS
}
