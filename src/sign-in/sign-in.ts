import * as oidc from 'openid-client'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { sha256Hex } from '../kernel/ids.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Person } from '../model/person.ts'
import type { Store } from '../store/store.ts'
import { type Attempt, createAttempts } from './attempts.ts'
import { signInErrors } from './errors.ts'
import { createLogoutTokenReader } from './logout-token.ts'
import { type Claims, personId, personOf } from './person-of.ts'
import { createProvider, isOutage, providerFault } from './provider.ts'
import { isFresh } from './second-factor.ts'
import type { SignInSettings } from './settings.ts'
import { createWebSessions, type WebSessions } from './web-sessions.ts'

export type SignInOutcome =
  | { kind: 'signed-in'; person: Person; providerSession?: string; returnTo: string }
  /** The provider has to ask again, for a second factor or because its own session is old. */
  | { kind: 'ask-again'; url: URL }

export type SignIn = {
  /**
   * Where to send the browser. `browser` is a secret cookie of this browser, made by the caller;
   * `again` makes the provider ask again whoever it remembers. Rejects with SIGN_IN_UNAVAILABLE or SIGN_IN_MISCONFIGURED.
   */
  begin(request: { browser: string; returnTo: string; again?: boolean }): Promise<URL>
  /** Reads what the provider sent the browser back with. Rejects with one of SIGN_IN_*. */
  finish(callback: URL, browser: string | undefined): Promise<SignInOutcome>
  /** The provider's own sign-out page; undefined when it has none. */
  signOutUrl(returnTo: URL, person: Person): Promise<URL | undefined>
  /** A back-channel logout: ends web sessions and tells whose access ended. Rejects with LOGOUT_TOKEN_INVALID. */
  endByProvider(logoutToken: string): Promise<{ personIds: string[]; ended: { hash: string; personId: string }[] }>
  readonly sessions: WebSessions
}

/** OpenID Connect code flow with PKCE (RFC 7636), state and nonce; the second factor is judged here, not believed. */
export function createSignIn(options: {
  store: Store
  clock: Clock
  settings: SignInSettings
  clientSecret: Secret | undefined
  /** `<portal>/sign-in/callback`, as registered at the provider. */
  redirectUri: string
}): SignIn {
  const { store, clock, settings, redirectUri } = options
  const { issuer, mfa } = settings
  const provider = createProvider(settings, options.clientSecret)
  const attempts = createAttempts(store, clock)
  const sessions = createWebSessions(store, clock, settings.session)
  const readLogoutToken = createLogoutTokenReader(settings.clientId)

  const ask = async (attempt: Pick<Attempt, 'browserHash' | 'returnTo' | 'askedAgain'>): Promise<URL> => {
    const configuration = await provider.configuration()
    const nonce = oidc.randomNonce()
    const verifier = oidc.randomPKCECodeVerifier()
    const state = await attempts.begin({ ...attempt, nonce, verifier, begunAt: clock.now() })
    return oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: settings.scopes.join(' '),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      max_age: String(Math.floor(mfa.maxAge / 1000)),
      ...(mfa.acrValues.length > 0 ? { acr_values: mfa.acrValues.join(' ') } : {}),
      ...(attempt.askedAgain ? { prompt: 'login' } : {}),
    })
  }

  const exchange = async (callback: URL, state: string, attempt: Attempt) => {
    const configuration = await provider.configuration()
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
        expectedState: state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.verifier,
        idTokenExpected: true,
      })
      const token = tokens.claims()
      if (!token) throw signInErrors.SIGN_IN_REFUSED({ reason: 'there is no ID token' })
      const wanted = [settings.groupsClaim, ...settings.nameClaims.slice(0, 1)]
      const complete = wanted.every((claim) => token[claim] !== undefined)
      const asksUserinfo = !complete && configuration.serverMetadata().userinfo_endpoint !== undefined
      const more = asksUserinfo ? await oidc.fetchUserInfo(configuration, tokens.access_token, token.sub) : {}
      const claims: Claims = { ...more, ...token }
      return {
        claims,
        subject: token.sub,
        providerSession: typeof token['sid'] === 'string' ? token['sid'] : undefined,
      }
    } catch (cause) {
      if (isOutage(cause)) throw providerFault(issuer, cause)
      throw signInErrors.SIGN_IN_REFUSED({ reason: wordsOf(cause) }, { cause })
    }
  }

  return {
    sessions,
    begin: ({ browser, returnTo, again = false }) =>
      ask({ browserHash: sha256Hex(browser), returnTo, askedAgain: again }),
    async finish(callback, browser) {
      const state = callback.searchParams.get('state') ?? ''
      const attempt = await attempts.take(state, browser)
      if (!attempt) throw signInErrors.SIGN_IN_EXPIRED()
      const { claims, subject, providerSession } = await exchange(callback, state, attempt)
      const person = personOf(claims, settings, { issuer, subject }, clock.now())
      const isRecent = isFresh(claims, attempt.askedAgain ? attempt.begunAt : clock.now() - mfa.maxAge)
      const lacksFactor = mfa.required && !person.mfa
      if (lacksFactor || !isRecent) {
        if (!attempt.askedAgain) return { kind: 'ask-again', url: await ask({ ...attempt, askedAgain: true }) }
        throw lacksFactor ? signInErrors.SIGN_IN_NEEDS_MFA({ person: person.name }) : signInErrors.SIGN_IN_STALE()
      }
      const { returnTo } = attempt
      return { kind: 'signed-in', person, returnTo, ...(providerSession === undefined ? {} : { providerSession }) }
    },
    async signOutUrl(returnTo, person) {
      const configuration = await provider.configuration()
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined
      return oidc.buildEndSessionUrl(configuration, {
        post_logout_redirect_uri: returnTo.href,
        logout_hint: person.email ?? person.name,
      })
    },
    async endByProvider(logoutToken) {
      const metadata = (await provider.configuration()).serverMetadata()
      const { subject, providerSession } = await readLogoutToken(
        logoutToken,
        { issuer: metadata.issuer, jwksUri: metadata.jwks_uri ?? '' },
        new Date(clock.now()),
      ).catch((cause) => {
        throw providerFault(issuer, cause)
      })
      const person = subject === undefined ? [] : [personId(issuer, subject)]
      const ended = await (providerSession !== undefined
        ? sessions.endAll({ providerSession })
        : sessions.endAll({ personId: person[0] ?? '' }))
      return { personIds: [...new Set([...person, ...ended.map((session) => session.personId)])], ended }
    },
  }
}

/** What the provider says of its refusal stands in the error's own fields. */
function wordsOf(cause: unknown): string {
  if (cause instanceof oidc.AuthorizationResponseError || cause instanceof oidc.ResponseBodyError) {
    return [cause.error, cause.error_description].filter(Boolean).join(': ')
  }
  return reasonOf(cause)
}
