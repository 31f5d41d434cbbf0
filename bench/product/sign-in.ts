import type { IdentityProvider } from '../../test/fixtures/identity-provider.ts'
import { createJar, createVisitor, type Visitor } from './visitor.ts'

/** Goes the whole way through the provider, with a second factor, and keeps the portal's cookie. */
export async function signIn(origin: string, provider: IdentityProvider, groups: readonly string[]): Promise<Visitor> {
  provider.signsIn({ sub: 'ada', claims: { email: 'ada@example.com', groups }, amr: ['pwd', 'otp', 'mfa'] })
  const jar = createJar()
  const visit = async (url: URL): Promise<URL> => {
    const answer = await jar.ask(url)
    const location = answer.headers.get('location')
    if (answer.status !== 303 || !location)
      throw new Error(`sign-in stopped with ${answer.status}: ${await answer.text()}`)
    return new URL(location, url)
  }
  const toProvider = await visit(new URL('/sign-in', origin))
  await visit(await provider.openBrowser().visit(toProvider))
  return createVisitor(origin, jar.cookies(origin))
}
