import type { Context } from 'hono'
import * as z from 'zod'
import { type CodedError, hasCode, isCoded, reasonOf } from '../../kernel/errors.ts'
import { newToken } from '../../kernel/ids.ts'
import { signInErrors } from '../../sign-in/errors.ts'
import { afterWebSessionsEnded } from '../end-access.ts'
import { portalErrors } from '../errors.ts'
import {
  dropSessionCookie,
  readSessionCookie,
  readVisitCookie,
  writeSessionCookie,
  writeVisitCookie,
} from '../http/cookies.ts'
import { errorPage, PAGE_STYLE } from '../http/error-page.ts'
import { isOwnNavigation } from '../http/same-origin.ts'
import type { Parts } from '../parts.ts'
import { definePublicRoute, type Route } from '../route.ts'

export const signInRoutes: readonly Route[] = [
  definePublicRoute({
    method: 'get',
    path: '/sign-in',
    summary: 'Goes to the identity provider',
    public: 'who is not signed in yet comes here',
    query: z.object({ returnTo: z.string().max(2_000).optional(), again: z.enum(['true']).optional() }),
    answer: { status: 303, description: 'To the provider' },
    handle: ({ query, parts, c }) =>
      orErrorPage(parts, c, async () => {
        if (!parts.signInLimit.take(parts.clientAddress.of(c))) throw signInErrors.SIGN_IN_TOO_MANY()
        const browser = readVisitCookie(c) ?? newToken()
        const returnTo = ownPath(query.returnTo, parts.origin)
        const url = await parts.signIn.begin({ browser, returnTo, again: query.again === 'true' })
        writeVisitCookie(c, browser)
        return c.redirect(url.href, 303)
      }),
  }),
  definePublicRoute({
    method: 'get',
    path: '/sign-in/callback',
    summary: 'Where the identity provider sends people back to',
    public: 'the provider’s answer is what signs somebody in',
    answer: { status: 303, description: 'To where the person wanted to go' },
    handle: ({ parts, c }) =>
      orErrorPage(parts, c, async () => {
        if (!parts.signInLimit.take(parts.clientAddress.of(c))) throw signInErrors.SIGN_IN_TOO_MANY()
        const callback = new URL(new URL(c.req.url).search, new URL('/sign-in/callback', parts.origin))
        const outcome = await parts.signIn.finish(callback, readVisitCookie(c))
        if (outcome.kind === 'ask-again') return c.redirect(outcome.url.href, 303)
        const { person, providerSession, returnTo } = outcome
        await parts.trail.record({
          kind: 'sign-in.succeeded',
          actor: person.id,
          subject: person.id,
          source: 'fact',
          data: { person: person.name, groups: person.groups, mfa: person.mfa, address: parts.clientAddress.of(c) },
        })
        parts.meters.signIn('succeeded')
        const cookie = readSessionCookie(c)
        const before = cookie === undefined ? undefined : await parts.signIn.sessions.find(cookie)
        if (before) await parts.signIn.sessions.end(before.hash)
        const { token } = await parts.signIn.sessions.open(person, providerSession)
        writeSessionCookie(c, token)
        // It may have been somebody else's.
        if (before) await afterWebSessionsEnded(parts, [{ hash: before.hash, personId: before.person.id }])
        return c.redirect(returnTo, 303)
      }),
  }),
  definePublicRoute({
    method: 'get',
    path: '/sign-in/page.css',
    summary: 'The style of the page that tells of a failed sign-in',
    public: 'it is a style sheet',
    answer: { status: 200, description: 'CSS', type: 'text/css' },
    handle: async ({ c }) => c.body(PAGE_STYLE, 200, { 'Content-Type': 'text/css; charset=utf-8' }),
  }),
  definePublicRoute({
    method: 'get',
    path: '/sign-out',
    summary: 'Ends the web session, then goes to the identity provider’s sign-out',
    public: 'it only ends what the caller’s own cookie names, and only for links of our own pages',
    answer: { status: 303, description: 'To the provider, or to the start page' },
    async handle({ parts, c }) {
      const token = readSessionCookie(c)
      const session = token === undefined ? undefined : await parts.signIn.sessions.find(token)
      if (!session || !isOwnNavigation(c)) return c.redirect('/', 303)
      await parts.signIn.sessions.end(session.hash)
      dropSessionCookie(c)
      const { person } = session
      await afterWebSessionsEnded(parts, [{ hash: session.hash, personId: person.id }])
      await parts.trail.record({ kind: 'sign-out', actor: person.id, subject: person.id, source: 'fact' })
      const away = await parts.signIn.signOutUrl(new URL('/', parts.origin), person).catch((error: unknown) => {
        parts.log.warn({ reason: reasonOf(error) }, 'the provider could not be told of a sign-out')
        return undefined
      })
      return c.redirect(away?.href ?? '/', 303)
    },
  }),
  definePublicRoute({
    method: 'post',
    path: '/sign-out/back-channel',
    summary: 'OpenID Connect back-channel logout',
    public: 'the identity provider sends it; its signature says so',
    crossSite: true,
    answer: { status: 200, description: 'The person’s sessions have ended' },
    async handle({ parts, c }) {
      // No limit: a provider that logs out many does so from one address, and a token is checked here, without asking anybody.
      const { logout_token: token } = await c.req.parseBody()
      if (typeof token !== 'string') throw portalErrors.REQUEST_INVALID({ faults: 'logout_token: missing' })
      const { personIds, ended } = await parts.signIn.endByProvider(token)
      await afterWebSessionsEnded(parts, [...ended, ...personIds.map((personId) => ({ hash: '', personId }))])
      for (const personId of personIds) {
        await parts.trail.record({
          kind: 'sign-out',
          actor: personId,
          subject: personId,
          source: 'claim',
          data: { by: 'identity provider' },
        })
      }
      return c.body(null, 200)
    },
  }),
]

/** A path of the portal, whatever a link says: nobody is sent elsewhere after signing in. */
export function ownPath(wanted: string | undefined, origin: string): string {
  const url = URL.parse(wanted ?? '/', origin)
  // Two slashes at the beginning would name another host once more.
  return url?.origin === origin ? `/${url.pathname.replace(/^\/+/, '')}${url.search}` : '/'
}

/** Failures on the way in are told by a page, and are in the trail. */
async function orErrorPage(parts: Parts, c: Context, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (cause) {
    if (!isCoded(cause)) throw cause
    // Whoever asks without end would write the trail without end.
    if (hasCode(cause, signInErrors.SIGN_IN_TOO_MANY)) parts.meters.signIn('refused')
    else await noteRefusal(parts, c, cause)
    return errorPage(c, cause)
  }
}

async function noteRefusal(parts: Parts, c: Context, error: CodedError): Promise<void> {
  parts.meters.signIn('refused')
  const { code, message, details } = error
  const person = details['person']
  const event = {
    kind: 'sign-in.refused',
    actor: 'system:portal',
    subject: 'portal',
    source: 'fact',
    data: { code, message, address: parts.clientAddress.of(c), ...(person === undefined ? {} : { person }) },
  } as const
  // A refusal stands whether or not it can be written down.
  await parts.trail.record(event).catch((failure: unknown) => {
    parts.log.error({ reason: reasonOf(failure), code }, 'a refused sign-in is not in the trail')
  })
}
