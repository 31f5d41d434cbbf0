import { serveStatic } from '@hono/node-server/serve-static'
import type { Hono } from 'hono'
import { portalErrors } from '../errors.ts'
import { problemOf, statusOf } from './problem.ts'

/**
 * The built pages. Names under /assets carry a hash of their content and never change; any other address a browser opens gets
 * the one page, which knows its own routes.
 */
export function servePages(app: Hono, webRoot: string): void {
  const asset = serveStatic({
    root: webRoot,
    precompressed: true,
    onFound: (_, c) => c.header('Cache-Control', 'public, max-age=31536000, immutable'),
  })
  const file = serveStatic({
    root: webRoot,
    precompressed: true,
    onFound: (_, c) => c.header('Cache-Control', 'no-cache'),
  })
  const page = serveStatic({
    root: webRoot,
    path: 'index.html',
    precompressed: true,
    onFound: (_, c) => c.header('Cache-Control', 'no-cache'),
  })
  app.get('/assets/*', asset)
  app.get('*', async (c, next) => {
    if (isOurs(c.req.path)) return next()
    return file(c, next)
  })
  app.get('*', async (c, next) => {
    if (isOurs(c.req.path) || !(c.req.header('accept') ?? '').includes('text/html')) return next()
    return page(c, next)
  })
  // Answered and not thrown: what is thrown here passes the layers that put headers on it.
  app.notFound((c) => {
    const error = portalErrors.NOT_FOUND({ path: c.req.path })
    return c.json(problemOf(error), statusOf(error))
  })
}

/** No page of the application: an address here either exists or is a mistake. */
const isOurs = (path: string): boolean => path.startsWith('/api/') || path.startsWith('/assets/')
