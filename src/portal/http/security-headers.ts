import type { MiddlewareHandler } from 'hono'

/** What the pages may do. Fonts of the design system are data URIs; the WebSocket is named for browsers whose 'self' leaves it out. */
function contentSecurityPolicy(origin: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    `connect-src 'self' ${origin.replace(/^http/, 'ws')}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

export function securityHeaders(origin: string): MiddlewareHandler {
  const headers: [string, string][] = [
    ['Content-Security-Policy', contentSecurityPolicy(origin)],
    ['X-Content-Type-Options', 'nosniff'],
    ['X-Frame-Options', 'DENY'],
    ['Referrer-Policy', 'no-referrer'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
    ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), usb=(), payment=()'],
  ]
  if (origin.startsWith('https:')) headers.push(['Strict-Transport-Security', 'max-age=63072000; includeSubDomains'])
  return async (c, next) => {
    await next()
    // In place: `c.header` builds the whole response anew for each.
    const said = c.res.headers
    for (const [name, value] of headers) said.set(name, value)
    // Whatever a route does not say otherwise belongs to one person.
    if (!said.has('cache-control')) said.set('Cache-Control', 'no-store')
  }
}
