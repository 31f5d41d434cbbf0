import * as oidc from 'openid-client'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import { isLoopbackHost } from '../kernel/loopback.ts'
import type { Secret } from '../kernel/secret.ts'
import { signInErrors } from './errors.ts'
import type { SignInSettings } from './settings.ts'

export type Provider = {
  /** The discovered provider, looked up at first use and again after a failure. Rejects with SIGN_IN_UNAVAILABLE. */
  configuration(): Promise<oidc.Configuration>
}

type ProviderSettings = Pick<SignInSettings, 'issuer' | 'clientId' | 'clientAuth' | 'timeout'>

export function createProvider(settings: ProviderSettings, clientSecret: Secret | undefined): Provider {
  let discovered: Promise<oidc.Configuration> | undefined
  return {
    configuration() {
      const running = discovered ?? discover(settings, clientSecret)
      discovered = running
      running.catch(() => {
        if (discovered === running) discovered = undefined
      })
      return running
    },
  }
}

async function discover(settings: ProviderSettings, clientSecret: Secret | undefined): Promise<oidc.Configuration> {
  const issuer = new URL(settings.issuer)
  const secret = clientSecret?.reveal()
  const authentication = settings.clientAuth === 'client_secret_post' ? oidc.ClientSecretPost : oidc.ClientSecretBasic
  try {
    const configuration = await oidc.discovery(
      issuer,
      settings.clientId,
      undefined,
      secret === undefined ? oidc.None() : authentication(secret),
      {
        // The signature of an ID token is checked also where TLS already vouches for the sender.
        execute: [oidc.enableNonRepudiationChecks, ...(isPlainLoopback(issuer) ? [oidc.allowInsecureRequests] : [])],
        timeout: settings.timeout / 1000,
      },
    )
    refusePlainEndpoints(configuration.serverMetadata(), settings.issuer)
    return configuration
  } catch (cause) {
    throw providerFault(settings.issuer, cause)
  }
}

const isPlainLoopback = (url: URL): boolean => url.protocol === 'http:' && isLoopbackHost(url.hostname)

/** With http allowed for the issuer, its document could send secrets over http anywhere. */
function refusePlainEndpoints(metadata: oidc.ServerMetadata, issuer: string): void {
  const { authorization_endpoint, token_endpoint, userinfo_endpoint, jwks_uri, end_session_endpoint } = metadata
  for (const endpoint of [authorization_endpoint, token_endpoint, userinfo_endpoint, jwks_uri, end_session_endpoint]) {
    const url = endpoint === undefined ? undefined : URL.parse(endpoint)
    if (url === undefined || url?.protocol === 'https:' || (url && isPlainLoopback(url))) continue
    throw signInErrors.SIGN_IN_MISCONFIGURED({
      issuer,
      reason: `it names the endpoint ${endpoint}, which is not https`,
    })
  }
}

/** Sorts what the library throws: no answer is for a later try, another answer than expected is not. */
export function providerFault(issuer: string, cause: unknown) {
  if (isCoded(cause)) return cause
  const reason = reasonOf(cause)
  if (isOutage(cause)) return signInErrors.SIGN_IN_UNAVAILABLE({ issuer, reason }, { cause })
  return signInErrors.SIGN_IN_MISCONFIGURED({ issuer, reason }, { cause })
}

const OUTAGE_CODES: readonly unknown[] = ['OAUTH_TIMEOUT', 'ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']

/** No answer, or one that says "not now". */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { cause } = error
  // fetch rejects with a TypeError around the system's error; the libraries name a timeout, and keys that did not come, by a code.
  if (error instanceof TypeError && cause instanceof Error) return true
  if ('code' in error && OUTAGE_CODES.includes(error.code)) return true
  return cause instanceof Response ? cause.status >= 500 : isOutage(cause)
}
