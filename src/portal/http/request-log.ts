import type { MiddlewareHandler } from 'hono'
import { newId } from '../../kernel/ids.ts'
import type { Parts } from '../parts.ts'

/** One line a request: the route's pattern and no query, because codes and tickets stand there. */
export function requestLog(parts: Pick<Parts, 'log' | 'clock' | 'meters' | 'clientAddress'>): MiddlewareHandler {
  return async (c, next) => {
    const begun = parts.clock.now()
    const request = newId()
    c.set('request', request)
    c.header('X-Request-Id', request)
    await next()
    const ms = parts.clock.now() - begun
    // What no guard has seen is a file of the pages, or nothing.
    const route = String(c.get('route') ?? 'files')
    const { status } = c.res
    parts.meters.request(route, c.req.method, status, ms / 1000)
    const line = {
      request,
      method: c.req.method,
      route,
      status,
      ms,
      address: parts.clientAddress.of(c),
      ...(c.get('person') === undefined ? {} : { person: c.get('person') }),
    }
    if (status >= 500) parts.log.error(line, 'request')
    else parts.log.info(line, 'request')
  }
}
