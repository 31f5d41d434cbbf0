import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import { type Visitor, visitorOf } from '../../test/fixtures/portal-visitor.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { closeCodes } from './contract/terminal.ts'

let sshd: TestSshd
let stage: PortalStage
let tickets: string

beforeAll(async () => {
  sshd = await startSshd()
  stage = await setPortalStage(sshd)
  tickets = `/api/v1/connections/${await stage.gateway.addConnection()}/tickets`
})
afterAll(async () => {
  await stage.close()
  await sshd.stop()
})

/** The whole way through the provider; `cookie` is what the browser had before. */
async function signIn(sub: string, cookie = ''): Promise<{ setCookie: string[]; value: string; visitor: Visitor }> {
  const { provider, origin } = stage
  provider.signsIn({ sub, claims: { email: `${sub}@example.com`, groups: ['engineer'] }, amr: ['pwd', 'otp', 'mfa'] })
  const begun = await fetch(`${origin}/sign-in`, { redirect: 'manual', headers: { cookie } })
  const visit = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const back = await provider.openBrowser().visit(new URL(begun.headers.get('location') ?? ''))
  const done = await fetch(back, {
    redirect: 'manual',
    headers: { cookie: [cookie, visit].filter(Boolean).join('; ') },
  })
  const setCookie = done.headers.getSetCookie()
  const value = setCookie.find((line) => line.startsWith('__Host-enchilada='))?.split(';')[0] ?? ''
  const person = { id: `${provider.issuer} ${sub}`, name: sub, groups: [], mfa: true, authenticatedAt: 0 }
  return { setCookie, value, visitor: visitorOf(origin, person, value) }
}

const signOut = ({ cookie }: Visitor, from = 'same-origin') =>
  fetch(`${stage.origin}/sign-out`, { redirect: 'manual', headers: { cookie, 'sec-fetch-site': from } })

async function openShell(visitor: Visitor) {
  const shell = visitor.socket(await visitor.ticket(tickets))
  shell.start()
  await shell.heard('connected')
  return shell
}

test('the cookie is for this host alone, unreadable for scripts, and not for other sites', async () => {
  const { setCookie } = await signIn('cookie')
  const session = setCookie.find((line) => line.startsWith('__Host-enchilada=')) ?? ''
  const attributes = session.split('; ').slice(1)
  expect(attributes.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
})

test('signing in again gives a new secret and ends the one before', async () => {
  const first = await signIn('rotation')
  expect((await first.visitor.get('/api/v1/me')).status).toBe(200)
  const second = await signIn('rotation', first.value)
  expect(second.value).not.toBe(first.value)
  expect((await second.visitor.get('/api/v1/me')).status).toBe(200)
  expect((await first.visitor.get('/api/v1/me')).status).toBe(401)
})

test('a secret that somebody planted is never taken over', async () => {
  const planted = `__Host-enchilada=${'B'.repeat(43)}`
  const { value } = await signIn('fixation', planted)
  expect(value).not.toBe(planted)
  expect((await fetch(`${stage.origin}/api/v1/me`, { headers: { cookie: planted } })).status).toBe(401)
})

test('signing out ends the web session, its shells and its lists, and goes to the provider', async () => {
  const { visitor } = await signIn('leaving')
  const shell = await openShell(visitor)
  const list = await visitor.get('/api/v1/sessions/events')
  const answer = await signOut(visitor)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringContaining('/session/end')])
  expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-enchilada=; Max-Age=0/)
  expect(await shell.closed).toBe(closeCodes['access-ended'])
  expect(await list.text()).toContain('event: ready')
  expect((await visitor.get('/api/v1/me')).status).toBe(401)
})

test('a link of another site signs nobody out', async () => {
  const { visitor } = await signIn('staying')
  for (const site of ['cross-site', 'same-site']) {
    await signOut(visitor, site)
    expect((await visitor.get('/api/v1/me')).status).toBe(200)
  }
})

test("the provider's logout ends every shell of the person within two seconds, and nobody else's", async () => {
  const [gone, other] = [await signIn('gone'), await signIn('other')]
  const shells = [await openShell(gone.visitor), await openShell(gone.visitor)]
  const stays = await openShell(other.visitor)
  const token = await stage.provider.logoutToken({ sub: 'gone' })
  const begun = Date.now()
  const answer = await fetch(`${stage.origin}/sign-out/back-channel`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  })
  expect(answer.status).toBe(200)
  for (const shell of shells) expect(await shell.closed).toBe(closeCodes['access-ended'])
  // A law of recorded sessions, not a measurement: see docs.
  expect(Date.now() - begun).toBeLessThan(2_000)
  expect((await gone.visitor.get('/api/v1/me')).status).toBe(401)
  stays.type('echo still-$((4 + 4))\n')
  await stays.shows('still-8')
  expect((await stage.records('sign-out'))[0]).toMatchObject({ actor: gone.visitor.person.id, source: 'claim' })
})

test('a forged logout token ends nothing', async () => {
  const { visitor } = await signIn('forged')
  const { generateKeyPairSync } = await import('node:crypto')
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const token = await stage.provider.logoutToken({ sub: 'forged' }, privateKey)
  const answer = await fetch(`${stage.origin}/sign-out/back-channel`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  })
  expect([answer.status, (await answer.json())['code']]).toEqual([400, 'LOGOUT_TOKEN_INVALID'])
  expect((await visitor.get('/api/v1/me')).status).toBe(200)
})

test('a web session that ended types no more, though its browser does not answer the close and the person is signed in elsewhere', async () => {
  const [left, stays] = [await stage.visitor('twice', ['engineer']), await stage.visitor('twice', ['engineer'])]
  const shell = await openShell(left)
  const { sessionId } = await shell.heard('connected')
  shell.deafen()
  await signOut(left)
  shell.type('TYPED=too-late\n')
  await new Promise((resolve) => setTimeout(resolve, 500))
  const back = stays.socket(await stays.ticket(`/api/v1/sessions/${sessionId}/tickets`, { purpose: 'resume' }))
  back.start()
  await back.heard('connected')
  back.type('echo "it is $TYPED."\n')
  await back.shows('it is .')
  shell.drop()
})

test('a web session loses its sockets at once to who signs in with the same browser', async () => {
  const first = await stage.visitor('first', ['engineer'])
  const shell = await openShell(first)
  await signIn('second', first.cookie)
  const late = new Promise((resolve) => setTimeout(resolve, 2_000, 'still open'))
  expect(await Promise.race([shell.closed, late])).not.toBe('still open')
})

test('a provider that logs many out at once is heard out, each from its one address', async () => {
  const people = Array.from({ length: 25 }, (_, n) => `leaver-${n}`)
  const visitors = await Promise.all(people.map((name) => stage.visitor(name, ['engineer'])))
  const answers = await Promise.all(
    people.map(async (sub) =>
      fetch(`${stage.origin}/sign-out/back-channel`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: await stage.provider.logoutToken({ sub }) }),
      }),
    ),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  for (const visitor of visitors) expect((await visitor.get('/api/v1/me')).status).toBe(401)
})

const HOUR = 60 * 60_000
const BEAT = 20_000

/** What is looked after every 20 s is looked after now. */
async function withBeats<T>(work: (beat: () => void) => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    return await work(() => void vi.advanceTimersByTime(BEAT))
  } finally {
    vi.useRealTimers()
  }
}

test('after so long without use the web session is over, and with it the shell and who watched it', () =>
  withBeats(async (beat) => {
    const visitor = await stage.visitor('idle', ['engineer'])
    const watcher = await stage.visitor('idle-watcher', ['auditor'])
    const shell = await openShell(visitor)
    const { sessionId } = await shell.heard('connected')
    const watch = watcher.socket(await watcher.ticket(`/api/v1/sessions/${sessionId}/tickets`, { purpose: 'watch' }))
    watch.start()
    await watch.heard('connected')
    stage.later(HOUR + 60_000)
    const answer = await visitor.get('/api/v1/me')
    expect([answer.status, (await answer.json())['code']]).toEqual([401, 'NOT_SIGNED_IN'])
    beat()
    expect(await Promise.all([shell.closed, watch.closed])).toEqual([
      closeCodes['signed-out'],
      closeCodes['signed-out'],
    ])
    await vi.waitFor(() => {
      const ends = stage.gateway.events.filter((event) => event.session === sessionId && event.data?.['reason'])
      expect(ends.map(({ kind, data }) => [kind, data?.['reason']]).sort()).toEqual([
        ['session.disconnected', 'signed-out'],
        ['session.watch-ended', 'signed-out'],
      ])
    })
  }))

test('a web session that ran out leaves the shell to who signed in again meanwhile', () =>
  withBeats(async (beat) => {
    const visitor = await stage.visitor('again', ['engineer'])
    const shell = await openShell(visitor)
    const { sessionId } = await shell.heard('connected')
    stage.later(13 * HOUR)
    const back = await stage.visitor('again', ['engineer'])
    beat()
    expect(await shell.closed).toBe(closeCodes['signed-out'])
    const resumed = back.socket(await back.ticket(`/api/v1/sessions/${sessionId}/tickets`, { purpose: 'resume' }))
    resumed.start()
    await resumed.heard('connected')
    resumed.type('echo here-$((1 + 1))\n')
    await resumed.shows('here-2')
    resumed.drop()
  }))

test('other policies end the lists that stand open: the browser reads them anew', async () => {
  const visitor = await stage.visitor('lists', ['engineer'])
  const list = await visitor.get('/api/v1/connections/events')
  const { access } = stage.gateway
  access.use(access.policies())
  expect(await list.text()).toContain('event: ready')
})
