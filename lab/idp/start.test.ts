import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Idp, startIdp } from './start.ts'

const redirectUri = 'http://localhost:4999/sign-in/callback'

/** A browser without a screen: keeps cookies, follows redirects of the provider's own origin, posts forms. */
function openBrowser(issuer: string) {
  const cookies = new Map<string, string>()
  async function visit(url: URL, form?: Record<string, string>): Promise<{ url: URL; status: number; html: string }> {
    if (url.origin !== issuer) return { url, status: 0, html: '' }
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      ...(form && { body: new URLSearchParams(form) }),
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
    })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location) return visit(new URL(location, url))
    return { url, status: response.status, html: await response.text() }
  }
  const actionOf = (html: string) => new URL(/action="([^"]+)"/.exec(html)?.[1] ?? '/', issuer)
  return { visit, actionOf }
}

const tokensTold: string[] = []
const listener = createServer(async (request, response) => {
  tokensTold.push(new URLSearchParams(await text(request)).get('logout_token') ?? '')
  response.end()
})

let idp: Idp
let configuration: client.Configuration

beforeAll(async () => {
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const port = typeof address === 'object' ? address?.port : undefined
  idp = await startIdp({
    redirectUris: [redirectUri],
    seed: 'test',
    backchannelLogoutUri: `http://localhost:${port}/sign-out/back-channel`,
  })
  configuration = await client.discovery(
    new URL(idp.issuer),
    idp.client.id,
    undefined,
    client.ClientSecretBasic(idp.client.secret),
    { execute: [client.allowInsecureRequests] },
  )
})
afterAll(async () => {
  await idp.stop()
  listener.close()
})

async function begin(extra: Record<string, string> = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile email groups',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: 'state-1',
    ...extra,
  })
  return { url, verifier }
}

async function signIn(browser: ReturnType<typeof openBrowser>, name: string, extra: Record<string, string> = {}) {
  const { url, verifier } = await begin(extra)
  let page = await browser.visit(url)
  if (page.html.includes('name="password"')) {
    page = await browser.visit(browser.actionOf(page.html), { username: name, password: idp.person(name).password })
  }
  const asked = page.html.includes('name="code"')
  if (asked) page = await browser.visit(browser.actionOf(page.html), { code: idp.codeFor(name) })
  expect(page.url.origin).toBe('http://localhost:4999')
  const tokens = await client.authorizationCodeGrant(configuration, page.url, {
    pkceCodeVerifier: verifier,
    expectedState: 'state-1',
  })
  return { claims: tokens.claims(), asked }
}

describe('the identity provider of the lab', () => {
  test('signs in with password and one-time code, and says so', async () => {
    const { claims } = await signIn(openBrowser(idp.issuer), 'ada', { max_age: '3600' })
    expect(claims).toMatchObject({
      sub: 'ada',
      email: 'ada@example.com',
      preferred_username: 'ada',
      groups: ['engineer'],
      amr: ['pwd', 'otp'],
      acr: 'urn:lab:mfa',
      auth_time: expect.any(Number),
    })
  })

  test('who has no second factor is told apart', async () => {
    const { claims, asked } = await signIn(openBrowser(idp.issuer), 'dan')
    expect(asked).toBe(false)
    expect(claims).toMatchObject({ amr: ['pwd'], acr: 'urn:lab:password' })
  })

  test('a second visit needs no password, prompt=login asks again', async () => {
    const browser = openBrowser(idp.issuer)
    await signIn(browser, 'olga')
    expect((await signIn(browser, 'olga')).asked).toBe(false)
    expect((await signIn(browser, 'olga', { prompt: 'login' })).asked).toBe(true)
  })

  test('a wrong password and a wrong code go no further', async () => {
    const browser = openBrowser(idp.issuer)
    const { url } = await begin()
    let page = await browser.visit(url)
    page = await browser.visit(browser.actionOf(page.html), { username: 'ada', password: 'wrong' })
    expect(page).toMatchObject({ status: 401, html: expect.stringContaining('role="alert"') })
    page = await browser.visit(browser.actionOf(page.html), { username: 'ada', password: idp.person('ada').password })
    page = await browser.visit(browser.actionOf(page.html), { code: 'abcdef' })
    expect(page).toMatchObject({ status: 401, html: expect.stringContaining('The code is wrong') })
  })

  test('signing out is told to the client, server to server', async () => {
    const browser = openBrowser(idp.issuer)
    await signIn(browser, 'bob')
    const page = await browser.visit(client.buildEndSessionUrl(configuration, { client_id: idp.client.id }))
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    await browser.visit(browser.actionOf(page.html), { xsrf, logout: 'yes' })
    expect(idp.toldOfSignOut()).toEqual([{ sub: 'bob', ok: true }])
    const payload: unknown = JSON.parse(Buffer.from(tokensTold[0]?.split('.')[1] ?? '', 'base64url').toString())
    expect(payload).toMatchObject({ sub: 'bob', aud: 'enchilada', sid: expect.any(String) })
  })

  test('without PKCE there is no code', async () => {
    const { url } = await begin()
    url.searchParams.delete('code_challenge')
    url.searchParams.delete('code_challenge_method')
    const page = await openBrowser(idp.issuer).visit(url)
    expect(page.url.searchParams.get('error')).toBe('invalid_request')
  })
})
