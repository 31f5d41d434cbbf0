/** A person signed in: calls the API as the portal's pages do. */
export type Visitor = {
  readonly origin: string
  readonly cookie: string
  get(path: string, signal?: AbortSignal): Promise<Response>
  post(path: string): Promise<Response>
}

export function createVisitor(origin: string, cookie: string): Visitor {
  const headers = { cookie, origin, 'x-enchilada': '1' }
  return {
    origin,
    cookie,
    get: (path, signal) => fetch(new URL(path, origin), { headers: { cookie }, signal: signal ?? null }),
    post: (path) => fetch(new URL(path, origin), { method: 'POST', headers }),
  }
}

/** Cookies by origin, and requests that carry them and stop at redirects. */
export type Jar = {
  ask(url: URL, form?: URLSearchParams): Promise<Response>
  cookies(origin: string): string
}

export function createJar(): Jar {
  const kept = new Map<string, Map<string, string>>()
  const cookies = (origin: string) =>
    [...(kept.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    cookies,
    async ask(url, form) {
      const sent = form ? { method: 'POST', body: form } : {}
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie: cookies(url.origin) }, ...sent })
      const mine = kept.get(url.origin) ?? new Map<string, string>()
      kept.set(url.origin, mine)
      for (const line of answer.headers.getSetCookie()) {
        const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
        mine.set(name, value)
      }
      return answer
    },
  }
}
