import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type CodedError, isCoded } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { WebSession } from '../sign-in/web-sessions.ts'
import { portalErrors } from './errors.ts'
import { readSessionCookie } from './http/cookies.ts'
import { problemOf, reasonsOf, statusOf } from './http/problem.ts'
import { requireSameOrigin } from './http/same-origin.ts'
import { securityHeaders } from './http/security-headers.ts'
import type { Parts } from './parts.ts'
import type { RawInput, Route } from './route.ts'
import { createStaticPages } from './static-pages.ts'

/** The HTTP half of the portal. Every route of the table is asked for, in this order: origin, person, policies. */
export function createApp(parts: Parts, routes: readonly Route[]): Hono {
  const app = new Hono()
  const answerPage = createStaticPages(parts.webRoot)
  app.use(securityHeaders(parts.origin))
  app.use(bodyLimit({ maxSize: 64 * 1024 }))
  for (const route of routes) app.on(route.method.toUpperCase(), route.path, (c) => answer(parts, route, c))
  app.notFound((c) => answerPage(c) ?? refuse(parts, c, portalErrors.NOT_FOUND({ path: new URL(c.req.url).pathname })))
  app.onError((error, c) => refuse(parts, c, error))
  return app
}

async function answer(parts: Parts, route: Route, c: Context): Promise<Response> {
  const begunAt = performance.now()
  let response: Response
  try {
    response = await guarded(parts, route, c)
  } catch (error) {
    response = await refuse(parts, c, error)
  }
  parts.meters.request(route.path, route.method, response.status, (performance.now() - begunAt) / 1000)
  parts.log.debug({ method: c.req.method, route: route.path, status: response.status }, 'answered')
  return response
}

async function guarded(parts: Parts, route: Route, c: Context): Promise<Response> {
  if (!route.crossSite) requireSameOrigin(c, parts.origin)
  const session = 'public' in route.access ? undefined : await requireSession(parts, c)
  const bound = route.bind(await rawInput(route, c))
  if ('action' in route.access) {
    if (!session) throw portalErrors.ROUTE_UNGUARDED()
    const asked = await bound.ask({ parts, session })
    // The table says one action; a question about another would make the table a lie.
    const verdict = parts.access.may(session.person, asked.question)
    if (!verdict.allowed) {
      await parts.trail.record({
        kind: 'access.refused',
        actor: session.person.id,
        subject: asked.subject,
        source: 'fact',
        ...(asked.scope ? { scope: asked.scope } : {}),
        ...(asked.session ? { session: asked.session } : {}),
        data: { action: asked.question.action, code: verdict.error.code, person: session.person.name },
      })
      throw verdict.error
    }
  } else if (!('public' in route.access || 'signedIn' in route.access)) throw portalErrors.ROUTE_UNGUARDED()
  return bound.answer({ parts, session, c })
}

async function requireSession(parts: Parts, c: Context): Promise<WebSession> {
  const token = readSessionCookie(c)
  const session = token === undefined ? undefined : await parts.signIn.sessions.find(token)
  if (!session) throw portalErrors.NOT_SIGNED_IN()
  return session
}

async function rawInput(route: Route, c: Context): Promise<RawInput> {
  const body = route.shapes.body ? await c.req.json().catch(() => undefined) : undefined
  return { params: c.req.param(), query: c.req.query(), body }
}

/** Pages get a page's answer: a person who typed an address is sent to sign in, not shown JSON. */
async function refuse(parts: Parts, c: Context, error: unknown): Promise<Response> {
  const coded = isCoded(error) ? error : unexpected(parts, error)
  const status = statusOf(coded)
  if (status >= 500) parts.log.error({ code: coded.code, reason: reasonsOf(error) }, 'a request failed')
  const wantsPage = c.req.header('sec-fetch-mode') === 'navigate' && c.req.path.startsWith('/sign-in')
  if (wantsPage) {
    const words = new URLSearchParams({ code: coded.code, message: coded.message, hint: coded.hint })
    return c.redirect(`/signed-out?${words}`)
  }
  return c.json(problemOf(coded), status, { 'content-type': 'application/problem+json' })
}

function unexpected(parts: Parts, error: unknown): CodedError {
  const request = newId()
  parts.log.error({ request, err: error }, 'a request failed unexpectedly')
  return portalErrors.PORTAL_FAILED({ request }, { cause: error })
}
