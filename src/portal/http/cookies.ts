import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

/**
 * `__Host-`: Secure, for this host alone, for every path. Browsers take it from http://localhost too, which they count as
 * secure. Lax, so that a link in a chat finds the person signed in; what changes something is guarded by same-origin.ts.
 */
const ATTRIBUTES = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', prefix: 'host' } as const

const SESSION = 'enchilada'
/** Tells this browser's sign-in from everybody else's. */
const VISIT = 'enchilada-visit'

export const readSessionCookie = (c: Context): string | undefined => getCookie(c, SESSION, 'host')
export const readVisitCookie = (c: Context): string | undefined => {
  const value = getCookie(c, VISIT, 'host')
  return value && /^[\w-]{43}$/.test(value) ? value : undefined
}

export const writeSessionCookie = (c: Context, token: string): void => setCookie(c, SESSION, token, ATTRIBUTES)
export const writeVisitCookie = (c: Context, value: string): void =>
  setCookie(c, VISIT, value, { ...ATTRIBUTES, maxAge: 600 })

export const dropSessionCookie = (c: Context): void => {
  deleteCookie(c, SESSION, { path: '/', secure: true, prefix: 'host' })
}
