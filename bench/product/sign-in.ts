import type { IdentityProvider } from '../../test/fixtures/identity-provider.ts'

/** A person signed in: calls the API as the portal's pages do. */
export type Visitor = {
  readonly cookie: string
  get(path: string): Promise<Response>
  post(path: string): Promise<Response>
}

/** Goes the whole way through the provider, with a second factor, and keeps the portal's cookie. */
export async function signIn(origin: string, provider: IdentityProvider, groups: readonly string[]): Promise<Visitor> {
  provider.signsIn({ sub: 'ada', claims: { email: 'ada@example.com', groups }, amr: ['pwd', 'otp', 'mfa'] })
  const jar = new Map<string, string>()
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const visit = async (url: URL): Promise<URL> => {
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: cookies() } })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      jar.set(name, value)
    }
    const location = answer.headers.get('location')
    if (answer.status !== 303 || !location)
      throw new Error(`sign-in stopped with ${answer.status}: ${await answer.text()}`)
    return new URL(location, url)
  }
  const toProvider = await visit(new URL('/sign-in', origin))
  await visit(await provider.openBrowser().visit(toProvider))
  const cookie = cookies()
  return {
    cookie,
    get: (path) => fetch(new URL(path, origin), { headers: { cookie } }),
    post: (path) => fetch(new URL(path, origin), { method: 'POST', headers: { cookie, origin, 'x-enchilada': '1' } }),
  }
}
