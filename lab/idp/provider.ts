import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider, { type Configuration } from 'oidc-provider'
import { faultPage, signedOutPage, signOutPage } from './pages.ts'
import { findPerson, type LabPerson } from './people.ts'

export type ClientOptions = {
  id: string
  secret: string
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  backchannelLogoutUri: string | undefined
  auth: 'client_secret_basic' | 'client_secret_post'
}

const HOUR = 3600

/** A certified OpenID provider (oidc-provider) that knows the lab's people and one client. */
export function createProvider(issuer: string, people: readonly LabPerson[], client: ClientOptions): Provider {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const configuration: Configuration = {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: client.redirectUris,
        post_logout_redirect_uris: client.postLogoutRedirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: client.auth,
        ...(client.backchannelLogoutUri && {
          backchannel_logout_uri: client.backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    claims: {
      // With the scope, so that they are there unasked, as companies' providers send them.
      openid: ['sub', 'acr', 'amr', 'auth_time'],
      profile: ['preferred_username', 'name'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
      iss: null,
      sid: null,
    },
    acrValues: ['urn:lab:mfa', 'urn:lab:password'],
    // Identity providers of companies put groups and e-mail into the ID token; the standard's default is userinfo only.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    clientBasedCORS: () => false,
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form)
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = signedOutPage()
        },
      },
    },
    ttl: {
      AccessToken: HOUR,
      AuthorizationCode: 60,
      Grant: 12 * HOUR,
      IdToken: HOUR,
      Interaction: 600,
      RefreshToken: 12 * HOUR,
      Session: 12 * HOUR,
    },
    findAccount: (_, id) => {
      const person = findPerson(people, id)
      return (
        person && {
          accountId: person.name,
          claims: () => ({
            sub: person.name,
            name: person.name,
            preferred_username: person.name,
            email: person.email,
            email_verified: true,
            groups: [...person.groups],
          }),
        }
      )
    },
    // The one client belongs to the same company: nobody is asked for consent.
    loadExistingGrant: async (ctx) => {
      const { client: asking, session } = ctx.oidc
      if (!asking || !session?.accountId) return undefined
      const held = session.grantIdFor(asking.clientId)
      const found = held ? await ctx.oidc.provider.Grant.find(held) : undefined
      if (found) return found
      const grant = new ctx.oidc.provider.Grant({ clientId: asking.clientId, accountId: session.accountId })
      grant.addOIDCScope('openid profile email groups offline_access')
      await grant.save()
      return grant
    },
    renderError: (ctx, out) => {
      ctx.type = 'html'
      ctx.body = faultPage(`${out.error}: ${out.error_description ?? 'no description'}`)
    },
    // The library's dispatcher refuses loopback addresses, and everything of the lab is on loopback.
    fetch: (url, options) => {
      const onLoopback: RequestInit & { dispatcher?: unknown } = { ...options }
      delete onLoopback.dispatcher
      return fetch(url, onLoopback)
    },
  }
  return new Provider(issuer, configuration)
}
