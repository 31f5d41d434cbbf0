import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { isCoded } from '../kernel/errors.ts'
import { onAccessEnded } from './end-access.ts'
import { portalErrors } from './errors.ts'
import { guard, requireDecision } from './guard.ts'
import { problemOf, reasonsOf, statusOf } from './http/problem.ts'
import { requestLog } from './http/request-log.ts'
import { securityHeaders } from './http/security-headers.ts'
import { servePages } from './http/static-files.ts'
import { describeApi } from './openapi.ts'
import { assembleParts, type Parts } from './parts.ts'
import type { PortalDeps } from './ports.ts'
import type { Route } from './route.ts'
import { serviceRoutes } from './routes/service.ts'
import { routeTable } from './routes/table.ts'

export type Portal = {
  app: Hono
  /** Every route with who may use it. */
  routes: readonly Route[]
  parts: Parts
  /** Closes what stands open; sessions of the gateway go on. */
  close(): void
}

/** No request of ours is larger; recordings and terminals do not come this way. */
const MOST_BODY = 64 * 1024

export function createPortal(deps: PortalDeps): Portal {
  const parts = assembleParts(deps)
  const routes = allRoutes()
  const app = new Hono()
  app.use(requestLog(parts))
  app.use(securityHeaders(parts.origin))
  app.use('/api/*', async (c, next) => {
    await next()
    requireDecision(c)
  })
  // Of nothing but a POST is a body read.
  app.post(
    '*',
    bodyLimit({
      maxSize: MOST_BODY,
      onError: () => {
        throw portalErrors.REQUEST_INVALID({ faults: `body: over ${MOST_BODY} bytes` })
      },
    }),
  )
  for (const route of routes) app.on(route.method.toUpperCase(), route.path, guard(route, parts))
  servePages(app, deps.webRoot)
  app.onError(async (cause, c) => {
    const request = String(c.get('request' as never) ?? '')
    const error = isCoded(cause) ? cause : await classify(parts, cause, request)
    if (statusOf(error) >= 500) parts.log.error({ request, reason: reasonsOf(cause) }, error.code)
    return c.json(problemOf(error), statusOf(error))
  })
  const stop = onAccessEnded(parts)
  return {
    app,
    routes,
    parts,
    close() {
      stop()
      parts.connectionFeed.close()
      parts.sessionFeed.close()
      parts.doors.closeAll()
    },
  }
}

/** The table and what serves machines; one of these describes them all. */
export function allRoutes(): readonly Route[] {
  const routes: Route[] = [...routeTable]
  let description: object | undefined
  const describe = () => {
    description ??= describeApi(routes)
    return description
  }
  routes.push(...serviceRoutes(describe))
  return routes
}

/** A driver's error says little to a person: when the database does not answer at all, that is the reason. */
async function classify({ store }: Parts, cause: unknown, request: string) {
  const away = await store.ping().then(
    () => undefined,
    (error: unknown) => (isCoded(error) ? error : undefined),
  )
  return away ?? portalErrors.PORTAL_FAILED({ request }, { cause })
}
