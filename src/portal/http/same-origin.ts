import type { Context } from 'hono'
import { portalErrors } from '../errors.ts'

const UNSAFE = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Against forged requests: what changes something carries a header that a foreign page cannot set without being asked
 * first (we never answer such a question), and whatever the browser says of its origin must be us. Throws CROSS_SITE.
 */
export function requireSameOrigin(c: Context, origin: string): void {
  if (!UNSAFE.has(c.req.method)) return
  if (c.req.header('x-enchilada') !== '1' || !saysSameOrigin(c, origin)) throw portalErrors.CROSS_SITE()
}

/** Browsers always send Origin with a WebSocket. Throws CROSS_SITE. */
export function requireExactOrigin(c: Context, origin: string): void {
  if (c.req.header('origin') !== origin) throw portalErrors.CROSS_SITE()
}

/** A link or an address typed: not another site's page. */
export function isOwnNavigation(c: Context): boolean {
  const site = c.req.header('sec-fetch-site')
  return site === 'same-origin' || site === 'none'
}

function saysSameOrigin(c: Context, origin: string): boolean {
  const from = c.req.header('origin')
  const site = c.req.header('sec-fetch-site')
  return (from === undefined || from === origin) && (site === undefined || site === 'same-origin')
}
