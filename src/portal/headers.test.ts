import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import type { Visitor } from '../../test/fixtures/portal-visitor.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { securityHeaders } from './http/security-headers.ts'

let sshd: TestSshd
let stage: PortalStage
let ada: Visitor

beforeAll(async () => {
  sshd = await startSshd()
  stage = await setPortalStage(sshd)
  ada = await stage.visitor('ada', ['engineer'])
  stage.portal.app.get('/api/v1/broken', () => {
    throw new Error('a driver says a password: hunter2')
  })
})
afterAll(async () => {
  await stage.close()
  await sshd.stop()
})

const PAGE = 'no-cache'
const FOR_EVER = 'public, max-age=31536000, immutable'
const NEVER = 'no-store'

/** Every kind of answer there is. */
const answers: [string, string, number, string, RequestInit?][] = [
  ['the page', '/', 200, PAGE],
  ['the page under another address', '/recordings/x', 200, PAGE, { headers: { accept: 'text/html' } }],
  ['an asset', '/assets/app-0a1b2c3d.js', 200, FOR_EVER],
  ['an asset that is not there', '/assets/none.js', 404, NEVER],
  ['a file that is not there', '/none.txt', 404, NEVER],
  ['a path that climbs out', '/..%2f..%2fetc/passwd', 404, NEVER],
  ['an answer of the API', '/api/v1/me', 200, NEVER],
  ['an address of the API that is not there', '/api/v1/none', 404, NEVER],
  ['a method that is not there', '/api/v1/me', 404, NEVER, { method: 'DELETE' }],
  ['a method that is not there, of a page', '/none', 404, NEVER, { method: 'PUT' }],
  ['a fault', '/api/v1/broken', 500, NEVER],
  ['health', '/healthz', 200, NEVER],
  ['readiness', '/readyz', 200, NEVER],
  ['the description', '/api/openapi.json', 200, NEVER],
  ['the way to the provider', '/sign-in', 303, NEVER],
  ['a failed sign-in', '/sign-in/callback?state=x&code=y', 400, NEVER],
  ['the style of that page', '/sign-in/page.css', 200, NEVER],
  ['a refused logout', '/sign-out/back-channel', 400, NEVER, { method: 'POST' }],
]

describe('headers of', () => {
  test.each(answers)('%s', async (_, path, status, cache, init = {}) => {
    const answer = await fetch(new URL(path, stage.origin), {
      redirect: 'manual',
      ...init,
      headers: { cookie: ada.cookie, ...init.headers },
    })
    const text = await answer.text()
    expect([answer.status, text]).toEqual([status, text])
    expect(answer.headers.get('cache-control')).toBe(cache)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).not.toMatch(/unsafe|\*/)
    expect(policy).toMatch(
      /default-src 'none'.*script-src 'self'.*style-src 'self'.*base-uri 'none'.*frame-ancestors 'none'/,
    )
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('server') ?? answer.headers.get('x-powered-by')).toBeNull()
    // Plain http is for loopback alone: nothing must be pinned to https there.
    expect(answer.headers.get('strict-transport-security')).toBeNull()
    expect(text).not.toMatch(/hunter2|root:|node_modules|at Object\./)
  })
})

test('over https browsers are told to stay there', async () => {
  const app = new Hono()
  app.use(securityHeaders('https://portal.example'))
  app.get('/', (c) => c.text('ok'))
  const answer = await app.request('/')
  expect(answer.headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains')
  expect(answer.headers.get('content-security-policy')).toContain("connect-src 'self' wss://portal.example;")
})

test('a fault says its request id and nothing of its cause; the log has both', async () => {
  const answer = await fetch(`${stage.origin}/api/v1/broken`)
  const request = answer.headers.get('x-request-id') ?? 'none'
  expect(await answer.json()).toMatchObject({ code: 'PORTAL_FAILED', hint: expect.stringContaining(request) })
  const line = stage.log.find((one) => one.includes('PORTAL_FAILED') && one.includes(request))
  expect(line).toContain('a driver says')
})
