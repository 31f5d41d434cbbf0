import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import type { Visitor } from '../../test/fixtures/portal-visitor.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'

let sshd: TestSshd
let stage: PortalStage

beforeAll(async () => {
  sshd = await startSshd()
})
beforeEach(async () => {
  stage = await setPortalStage(sshd)
})
afterEach(() => stage.close())
afterAll(() => sshd.stop())

const signOut = (visitor: Visitor) =>
  fetch(`${stage.origin}/sign-out`, {
    redirect: 'manual',
    headers: { cookie: visitor.cookie, 'sec-fetch-site': 'same-origin' },
  })

async function openShell(visitor: Visitor) {
  const shell = visitor.socket(
    await visitor.ticket(`/api/v1/connections/${await stage.gateway.addConnection()}/tickets`),
  )
  shell.start()
  await shell.heard('connected')
  return shell
}

describe('a web session that ended', () => {
  test('types no more, though its browser does not answer the close and the person is signed in elsewhere', async () => {
    const [left, stays] = [await stage.visitor('ada', ['engineer']), await stage.visitor('ada', ['engineer'])]
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

  test('loses its sockets at once to who signs in with the same browser', async () => {
    const first = await stage.visitor('first', ['engineer'])
    const shell = await openShell(first)
    const { provider, origin } = stage
    provider.signsIn({ sub: 'second', claims: { groups: ['engineer'] }, amr: ['pwd', 'otp', 'mfa'] })
    const begun = await fetch(`${origin}/sign-in`, { redirect: 'manual', headers: { cookie: first.cookie } })
    const visit = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const back = await provider.openBrowser().visit(new URL(begun.headers.get('location') ?? ''))
    await fetch(back, { redirect: 'manual', headers: { cookie: `${first.cookie}; ${visit}` } })
    const late = new Promise((resolve) => setTimeout(resolve, 2_000, 'still open'))
    expect(await Promise.race([shell.closed, late])).not.toBe('still open')
  })
})

describe('a live list', () => {
  const followers = async () =>
    (await stage.metrics.getSingleMetric('enchilada_live_lists')?.get())?.values.find(
      ({ labels }) => labels['list'] === 'sessions',
    )?.value ?? 0

  test('that nobody reads ends with the web session', async () => {
    const visitor = await stage.visitor('ada', ['engineer'])
    // Answered as a GET whose body is left alone.
    await fetch(`${stage.origin}/api/v1/sessions/events`, { method: 'HEAD', headers: { cookie: visitor.cookie } })
    expect(await followers()).toBe(1)
    await openShell(visitor)
    await signOut(visitor)
    await vi.waitFor(async () => expect(await followers()).toBe(0), 5_000)
  })
})

test('who asks for the way in without end is refused, and not written down each time', async () => {
  const statuses: number[] = []
  for (let n = 0; n < 60; n += 1) {
    statuses.push((await fetch(`${stage.origin}/sign-in`, { redirect: 'manual' })).status)
  }
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(30)
  expect(await stage.records('sign-in.refused')).toEqual([])
})
