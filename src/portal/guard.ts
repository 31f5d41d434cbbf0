import type { Context, Handler } from 'hono'
import type { WebSession } from '../sign-in/web-sessions.ts'
import { portalErrors } from './errors.ts'
import { readSessionCookie } from './http/cookies.ts'
import { requireSameOrigin } from './http/same-origin.ts'
import type { Parts } from './parts.ts'
import type { Asked, BoundRoute, Route } from './route.ts'

/** Set by a guard that has decided; what answers without it is stopped by `requireDecision`. */
const DECIDED = 'decided'

/** A handler that decides before it answers: origin, session, request, policies, in this order. */
export function guard(route: Route, parts: Parts): Handler {
  return async (c) => {
    // For logs and metrics: the pattern, without ids.
    c.set('route', route.path)
    if (!route.crossSite) requireSameOrigin(c, parts.origin)
    // What is for everybody answers without the database: health must not depend on a cookie.
    const session = 'public' in route.access ? undefined : await readSession(c, parts)
    if (!('public' in route.access) && !session) throw portalErrors.NOT_SIGNED_IN()
    const bound = route.bind({ params: c.req.param(), query: c.req.query(), body: await readBody(c, route) })
    if ('action' in route.access) await decide(parts, session, bound)
    c.set(DECIDED, true)
    return bound.answer({ parts, session, c })
  }
}

/** For the outermost layer: an answer under /api that no guard has decided does not leave. Throws ROUTE_UNGUARDED. */
export function requireDecision(c: Context): void {
  if (c.get(DECIDED) !== true && c.res.status < 400) throw portalErrors.ROUTE_UNGUARDED()
}

async function decide(parts: Parts, session: WebSession | undefined, bound: BoundRoute): Promise<void> {
  if (!session) throw portalErrors.NOT_SIGNED_IN()
  const asked = await bound.ask({ parts, session })
  const verdict = parts.access.may(session.person, asked.question)
  if (verdict.allowed) return
  await noteRefusal(parts, session, asked, verdict.error.code)
  throw verdict.error
}

const noteRefusal = (parts: Parts, { person }: WebSession, asked: Asked, code: string): Promise<void> =>
  parts.trail.record({
    kind: 'access.refused',
    actor: person.id,
    subject: asked.subject,
    ...(asked.scope ? { scope: asked.scope } : {}),
    ...(asked.session === undefined ? {} : { session: asked.session }),
    source: 'fact',
    data: { action: asked.question.action, code, person: person.name },
  })

export async function readSession(c: Context, parts: Parts): Promise<WebSession | undefined> {
  const token = readSessionCookie(c)
  const session = token === undefined ? undefined : await parts.signIn.sessions.find(token)
  if (session) c.set('person', session.person.id)
  return session
}

async function readBody(c: Context, route: Route): Promise<unknown> {
  if (!route.shapes.body) return undefined
  return c.req.json().catch((cause: unknown) => {
    throw portalErrors.REQUEST_INVALID({ faults: 'body: not JSON' }, { cause })
  })
}
