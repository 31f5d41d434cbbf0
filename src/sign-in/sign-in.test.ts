import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from '../../test/fixtures/identity-provider.ts'
import type { Clock } from '../kernel/clock.ts'
import { newToken } from '../kernel/ids.ts'
import { Secret } from '../kernel/secret.ts'
import { openSqlite } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { signInSettings } from './settings.ts'
import { createSignIn, type SignIn } from './sign-in.ts'

const redirectUri = 'http://localhost:4999/sign-in/callback'
const ada = {
  sub: 'ada',
  claims: { email: 'ada@example.com', preferred_username: 'ada', groups: ['engineer'] },
  amr: ['pwd', 'otp'],
}

let idp: IdentityProvider
let store: Store
let signIn: SignIn
let now = Date.now()
const clock: Clock = { now: () => now, sleep: async () => undefined }
const build = (over: Record<string, unknown> = {}, secret: string = idp.clientSecret) =>
  createSignIn({
    store,
    clock,
    redirectUri,
    clientSecret: new Secret(secret),
    settings: signInSettings.parse({
      issuer: idp.issuer,
      clientId: idp.clientId,
      clientSecret: { env: 'UNUSED' },
      scopes: ['openid', 'profile', 'email', 'groups'],
      ...over,
    }),
  })

beforeAll(async () => {
  idp = await startIdentityProvider(redirectUri)
  store = await openSqlite(':memory:')
})
afterAll(async () => {
  await idp.stop()
  await store.close()
})
beforeEach(() => {
  now = Date.now()
  idp.signsIn(ada)
  idp.fails(false)
  signIn = build()
})

async function comeBack(from: SignIn = signIn, browser = newToken(), user = idp.openBrowser()) {
  const url = await from.begin({ browser, returnTo: '/sessions' })
  return { browser, user, callback: await user.visit(url) }
}

describe('signing in', () => {
  test('a person with a second factor gets in, with groups and where they wanted to go', async () => {
    const { callback, browser } = await comeBack()
    const outcome = await signIn.finish(callback, browser)
    expect(outcome).toMatchObject({
      kind: 'signed-in',
      returnTo: '/sessions',
      providerSession: expect.any(String),
      person: { id: `${idp.issuer} ada`, name: 'ada@example.com', groups: ['engineer'], mfa: true },
    })
  })

  test('a callback works once', async () => {
    const { callback, browser } = await comeBack()
    await signIn.finish(callback, browser)
    await expect(signIn.finish(callback, browser)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' })
  })

  test("another browser cannot be signed in with somebody's callback", async () => {
    for (const other of [newToken(), undefined]) {
      const { callback } = await comeBack()
      await expect(signIn.finish(callback, other)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' })
    }
  })

  test('after ten minutes at the provider it is too late', async () => {
    const { callback, browser } = await comeBack()
    now += 10 * 60_000 + 1
    await expect(signIn.finish(callback, browser)).rejects.toMatchObject({ code: 'SIGN_IN_EXPIRED' })
  })

  test('a code without its PKCE verifier or with another nonce is worth nothing', async () => {
    const one = await comeBack()
    const other = await comeBack()
    const mixed = new URL(one.callback)
    mixed.searchParams.set('code', other.callback.searchParams.get('code') ?? '')
    await expect(signIn.finish(mixed, one.browser)).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' })
  })

  test("what the provider says of a refusal is in the error's message", async () => {
    idp.signsIn({ ...ada, refuses: true })
    const { callback, browser } = await comeBack()
    await expect(signIn.finish(callback, browser)).rejects.toMatchObject({
      code: 'SIGN_IN_REFUSED',
      message: expect.stringContaining('the person said no'),
    })
  })

  test('groups that only the userinfo endpoint tells are found, and text is cleaned', async () => {
    idp.signsIn({ ...ada, onlyUserinfo: true, claims: { email: 'a\u202Eda\n@example.com', groups: 'engineer' } })
    const { callback, browser } = await comeBack()
    expect(await signIn.finish(callback, browser)).toMatchObject({
      person: { name: 'ada@example.com', groups: ['engineer'] },
    })
  })
})

describe('the second factor', () => {
  test('without one the provider is told to ask again, once, and then it is refused', async () => {
    idp.signsIn({ ...ada, amr: ['pwd'] })
    const { callback, browser, user } = await comeBack()
    const outcome = await signIn.finish(callback, browser)
    if (outcome.kind !== 'ask-again') throw new Error('somebody got in with a password alone')
    expect(outcome.url.searchParams.get('prompt')).toBe('login')
    const again = await user.visit(outcome.url)
    await expect(signIn.finish(again, browser)).rejects.toMatchObject({ code: 'SIGN_IN_NEEDS_MFA' })
  })

  test('given when asked again, it lets the person in where they wanted to go', async () => {
    idp.signsIn({ ...ada, amr: ['pwd'] })
    const { callback, browser, user } = await comeBack()
    const outcome = await signIn.finish(callback, browser)
    if (outcome.kind !== 'ask-again') throw new Error('somebody got in with a password alone')
    idp.signsIn(ada)
    const again = await user.visit(outcome.url)
    expect(await signIn.finish(again, browser)).toMatchObject({ kind: 'signed-in', returnTo: '/sessions' })
  })

  test('an acr counts where it is configured, and is asked for', async () => {
    const byAcr = build({ mfa: { amr: [], acr: ['urn:two'], acrValues: ['urn:two'] } })
    idp.signsIn({ ...ada, amr: ['otp'], acr: 'urn:two' })
    const url = await byAcr.begin({ browser: 'b', returnTo: '/' })
    expect(url.searchParams.get('acr_values')).toBe('urn:two')
    const { callback, browser } = await comeBack(byAcr)
    expect(await byAcr.finish(callback, browser)).toMatchObject({ person: { mfa: true } })
  })

  test('where none is required, the person is let in and known to have none', async () => {
    const lenient = build({ mfa: { required: false } })
    idp.signsIn({ ...ada, amr: ['pwd'] })
    const { callback, browser } = await comeBack(lenient)
    expect(await lenient.finish(callback, browser)).toMatchObject({ kind: 'signed-in', person: { mfa: false } })
  })

  test('a sign-in of long ago has to be renewed, and a provider that does not is refused', async () => {
    idp.signsIn({ ...ada, authTime: Math.floor(now / 1000) - 3600 })
    const strict = build({ mfa: { maxAge: '30m' } })
    const browser = newToken()
    const user = idp.openBrowser()
    const url = await strict.begin({ browser, returnTo: '/' })
    // A provider that overlooks max_age.
    url.searchParams.delete('max_age')
    const outcome = await strict.finish(await user.visit(url), browser)
    if (outcome.kind !== 'ask-again') throw new Error('an old sign-in was good enough')
    outcome.url.searchParams.delete('max_age')
    await expect(strict.finish(await user.visit(outcome.url), browser)).rejects.toMatchObject({
      code: 'SIGN_IN_STALE',
    })
  })
})

describe('a provider that fails', () => {
  test('down: a coded error for a later try, and the next sign-in works', async () => {
    idp.fails(true)
    await expect(signIn.begin({ browser: 'b', returnTo: '/' })).rejects.toMatchObject({
      code: 'SIGN_IN_UNAVAILABLE',
      retryable: true,
    })
    idp.fails(false)
    const { callback, browser } = await comeBack()
    expect((await signIn.finish(callback, browser)).kind).toBe('signed-in')
  })

  test('down between the visit and the callback: also for a later try', async () => {
    const { callback, browser } = await comeBack()
    idp.fails(true)
    await expect(signIn.finish(callback, browser)).rejects.toMatchObject({ code: 'SIGN_IN_UNAVAILABLE' })
  })

  test('nobody listening', async () => {
    const nowhere = build({ issuer: 'http://localhost:9' })
    await expect(nowhere.begin({ browser: 'b', returnTo: '/' })).rejects.toMatchObject({ code: 'SIGN_IN_UNAVAILABLE' })
  })

  test('a wrong client secret is no matter of trying again later', async () => {
    const wrong = build({}, 'wrong')
    const { callback, browser } = await comeBack(wrong)
    await expect(wrong.finish(callback, browser)).rejects.toMatchObject({ code: 'SIGN_IN_REFUSED' })
  })

  test('http is refused for an issuer elsewhere', () => {
    const parsed = signInSettings.safeParse({ issuer: 'http://idp.example.com', clientId: 'x' })
    expect(parsed.error?.issues[0]?.message).toContain('use https')
  })
})

describe('back-channel logout', () => {
  const open = async (providerSession: string | undefined) => {
    const person = { id: `${idp.issuer} ada`, name: 'ada', groups: [], mfa: true, authenticatedAt: now }
    return (await signIn.sessions.open(person, providerSession)).token
  }

  test('by session: that session ends and no other', async () => {
    const gone = await open('s1')
    const kept = await open('s2')
    const { personIds } = await signIn.endByProvider(await idp.logoutToken({ sub: 'ada', sid: 's1' }))
    expect(personIds).toEqual([`${idp.issuer} ada`])
    expect(await signIn.sessions.find(gone)).toBeUndefined()
    expect(await signIn.sessions.find(kept)).toBeDefined()
  })

  test('by person: all sessions end; by session alone the person is known from it', async () => {
    const first = await open('s3')
    expect((await signIn.endByProvider(await idp.logoutToken({ sid: 's3' }))).personIds).toEqual([`${idp.issuer} ada`])
    const second = await open('s4')
    await signIn.endByProvider(await idp.logoutToken({ sub: 'ada' }))
    expect([await signIn.sessions.find(first), await signIn.sessions.find(second)]).toEqual([undefined, undefined])
  })

  test.each([
    ['no event', { sub: 'ada', events: {} }],
    ['a nonce, as an ID token has', { sub: 'ada', nonce: 'n' }],
    ['nobody named', {}],
    ['another client in mind', { sub: 'ada', aud: 'other' }],
  ])('refuses a token with %s', async (_, claims) => {
    const token = await idp.logoutToken(claims)
    await expect(signIn.endByProvider(token)).rejects.toMatchObject({ code: 'LOGOUT_TOKEN_INVALID' })
  })

  test("refuses a token that is not signed by the provider's key", async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const token = await idp.logoutToken({ sub: 'ada' }, privateKey)
    await expect(signIn.endByProvider(token)).rejects.toMatchObject({ code: 'LOGOUT_TOKEN_INVALID' })
  })

  test('refuses a token that is too old', async () => {
    const token = await idp.logoutToken({ sub: 'ada' })
    now += 10 * 60_000
    await expect(signIn.endByProvider(token)).rejects.toMatchObject({ code: 'LOGOUT_TOKEN_INVALID' })
  })

  test('keys that cannot be fetched are the provider’s outage, not a bad token', async () => {
    await signIn.begin({ browser: 'b', returnTo: '/' })
    const token = await idp.logoutToken({ sub: 'ada' })
    idp.fails(true)
    await expect(signIn.endByProvider(token)).rejects.toMatchObject({ retryable: true })
  })
})

test("the provider's sign-out page gets told where to come back to", async () => {
  const person = { id: 'x', name: 'ada', groups: [], mfa: true, authenticatedAt: now }
  const url = await signIn.signOutUrl(new URL('http://localhost:4999/'), person)
  expect(url?.origin).toBe(idp.issuer)
  expect(url?.searchParams.get('post_logout_redirect_uri')).toBe('http://localhost:4999/')
  expect(url?.searchParams.get('client_id')).toBe(idp.clientId)
})

describe('web sessions', () => {
  const person = { id: 'issuer ada', name: 'ada', groups: ['engineer'], mfa: true, authenticatedAt: 1 }

  test('are kept hashed', async () => {
    const { token } = await signIn.sessions.open(person, undefined)
    const rows = await store.db.selectFrom('web_sessions').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(token)
  })

  test('end after an hour unused, or twelve hours whatever happens', async () => {
    const { token } = await signIn.sessions.open(person, undefined)
    for (let hour = 0; hour < 13; hour += 1) {
      const expected = hour < 12 ? expect.objectContaining({ person }) : undefined
      expect(await signIn.sessions.find(token), `after ${hour} h`).toEqual(expected)
      now += 59 * 60_000 + 59_000
      if (hour === 11) now += 12_000
    }
    const idle = await signIn.sessions.open(person, undefined)
    now += 3_600_000
    expect(await signIn.sessions.find(idle.token)).toBeUndefined()
  })

  test('looking does not keep one alive', async () => {
    const { token } = await signIn.sessions.open(person, undefined)
    now += 3_599_000
    expect(await signIn.sessions.find(token, { use: false })).toBeDefined()
    now += 2_000
    expect(await signIn.sessions.find(token)).toBeUndefined()
  })
})
