import * as z from 'zod'
import { isCoded, reasonOf } from '../../kernel/errors.ts'
import { newToken } from '../../kernel/ids.ts'
import { signInErrors } from '../../sign-in/errors.ts'
import {
  dropSessionCookie,
  readSessionCookie,
  readVisitCookie,
  writeSessionCookie,
  writeVisitCookie,
} from '../http/cookies.ts'
import type { Parts } from '../parts.ts'
import { definePublicRoute, defineRoute, type Route } from '../route.ts'

/** Only a path of ours: `//elsewhere` and `/\elsewhere` are other hosts to a browser. */
const returnTo = z
  .string()
  .max(512)
  .regex(/^\/(?![/\\])[^\\]*$/)
  .catch('/')

async function limited(parts: Parts, address: string): Promise<void> {
  if (parts.signInLimit.take(address)) return
  throw signInErrors.SIGN_IN_TOO_MANY()
}

export const signInRoutes: readonly Route[] = [
  definePublicRoute({
    method: 'get',
    path: '/sign-in',
    summary: 'Sends the browser to the identity provider',
    public: 'it is the way in',
    query: z.object({ returnTo, again: z.literal('1').optional() }),
    answer: { status: 302, description: 'To the identity provider' },
    async handle({ query, parts, c }) {
      await limited(parts, parts.clientAddress.of(c))
      const browser = readVisitCookie(c) ?? newToken()
      const url = await parts.signIn.begin({ browser, returnTo: query.returnTo, again: query.again === '1' })
      writeVisitCookie(c, browser)
      return c.redirect(url.href)
    },
  }),
  definePublicRoute({
    method: 'get',
    path: '/sign-in/callback',
    summary: 'Where the identity provider sends the browser back to',
    public: 'the person is not known before it',
    answer: { status: 302, description: 'Into the portal' },
    async handle({ parts, c }) {
      await limited(parts, parts.clientAddress.of(c))
      const callback = new URL(`${new URL(c.req.url).pathname}${new URL(c.req.url).search}`, parts.origin)
      try {
        const outcome = await parts.signIn.finish(callback, readVisitCookie(c))
        if (outcome.kind === 'ask-again') return c.redirect(outcome.url.href)
        const { person, providerSession } = outcome
        const before = readSessionCookie(c)
        const old = before === undefined ? undefined : await parts.signIn.sessions.find(before, { use: false })
        if (old) await parts.signIn.sessions.end(old.hash)
        await parts.trail.record({
          kind: 'sign-in.succeeded',
          actor: person.id,
          subject: person.id,
          source: 'fact',
          data: { person: person.name, groups: person.groups, mfa: person.mfa, from: parts.clientAddress.of(c) },
        })
        const { token } = await parts.signIn.sessions.open(person, providerSession)
        writeSessionCookie(c, token)
        parts.meters.signIn('succeeded')
        return c.redirect(outcome.returnTo)
      } catch (error) {
        parts.meters.signIn('refused')
        const data = { code: isCoded(error) ? error.code : 'PORTAL_FAILED', from: parts.clientAddress.of(c) }
        parts.log.info({ reason: reasonOf(error) }, 'a sign-in was refused')
        await parts.trail.record({ kind: 'sign-in.refused', actor: 'unknown', subject: 'portal', source: 'fact', data })
        throw error
      }
    },
  }),
  defineRoute({
    method: 'post',
    path: '/sign-out',
    summary: 'Ends the web session; the answer names where to end the one at the provider',
    signedIn: 'one ends one’s own session',
    answer: { status: 200, description: 'Where to go', schema: z.object({ url: z.string() }) },
    async handle({ parts, session, c }) {
      const { person } = session
      await parts.trail.record({ kind: 'sign-out', actor: person.id, subject: person.id, source: 'fact' })
      await parts.signIn.sessions.end(session.hash)
      parts.doors.closeOfSession(session.hash)
      dropSessionCookie(c)
      // Signing out here must not depend on whether the provider answers.
      const url = await parts.signIn.signOutUrl(new URL('/', parts.origin), person).catch(() => undefined)
      return c.json({ url: url?.href ?? '/' })
    },
  }),
  definePublicRoute({
    method: 'post',
    path: '/sign-in/back-channel-logout',
    summary: 'The identity provider ends the sessions of a person (OpenID Connect Back-Channel Logout 1.0)',
    public: 'the provider calls; the signed token says for whom',
    crossSite: true,
    answer: { status: 200, description: 'They are ended' },
    async handle({ parts, c }) {
      const form = await c.req.parseBody()
      const token = form['logout_token']
      const { personIds, sessionHashes } = await parts.signIn.endByProvider(typeof token === 'string' ? token : '')
      for (const hash of sessionHashes) parts.doors.closeOfSession(hash)
      for (const personId of personIds) {
        await parts.trail.record({
          kind: 'sign-out',
          actor: 'system:identity-provider',
          subject: personId,
          source: 'fact',
        })
        await parts.store.notify.publish('access-ended', { personId })
      }
      return c.body(null, 200)
    },
  }),
]
