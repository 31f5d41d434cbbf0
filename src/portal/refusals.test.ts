import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { idOf } from '../../test/fixtures/gateway-stage.ts'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import type { Visitor } from '../../test/fixtures/portal-visitor.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { newId } from '../kernel/ids.ts'
import { allRoutes } from './portal.ts'
import type { Route } from './route.ts'

/** What every route refuses, made from the table: a route that is added is tested by being there. */

const routes = allRoutes()
const named = (which: (route: Route) => boolean) =>
  routes.filter(which).map((route) => [`${route.method} ${route.path}`, route] as const)
const isPublic = ({ access }: Route) => 'public' in access
const changes = ({ method, crossSite }: Route) => method === 'post' && !crossSite

let sshd: TestSshd
let stage: PortalStage
let connection: string
let session: string
let nobody: Visitor

beforeAll(async () => {
  sshd = await startSshd()
  stage = await setPortalStage(sshd)
  connection = await stage.gateway.addConnection()
  const { channel } = await stage.gateway.open(connection)
  session = idOf(channel)
  nobody = await stage.visitor('nobody', [])
})

afterAll(async () => {
  await stage.close()
  await sshd.stop()
})

/** An address of the route that is valid, with what exists in its place. */
function addressOf(route: Route, params: Record<string, string> = {}): string {
  const known = { id: route.path.includes('connections') ? connection : session, n: '1', ...params }
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(Object(known)[name] ?? name))
  return `${path}?${new URLSearchParams(requiredOf(route.shapes.query))}`
}

/** A word for each value that a query must have. */
function requiredOf(shape: z.ZodType | undefined): Record<string, string> {
  if (!shape) return {}
  const { required } = z
    .object({ required: z.array(z.string()).default([]) })
    .parse(z.toJSONSchema(shape, { io: 'input' }))
  return Object.fromEntries(required.map((name) => [name, 'x']))
}

const ours = () => ({ origin: stage.origin, 'x-enchilada': '1', 'content-type': 'application/json' })

async function send(route: Route, options: { headers?: Record<string, string>; body?: string; path?: string } = {}) {
  const body = options.body ?? (route.shapes.body ? JSON.stringify(route.example) : undefined)
  const abort = new AbortController()
  const answer = await fetch(new URL(options.path ?? addressOf(route), stage.origin), {
    method: route.method.toUpperCase(),
    redirect: 'manual',
    signal: abort.signal,
    headers: options.headers ?? ours(),
    ...(route.method === 'post' && body !== undefined ? { body } : {}),
  })
  // A live list never ends by itself.
  const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream')
  const text = isStream ? '' : await answer.text()
  abort.abort()
  return { status: answer.status, headers: answer.headers, text, code: codeOf(text) }
}

function codeOf(text: string): string | undefined {
  try {
    return z.object({ code: z.string() }).safeParse(JSON.parse(text)).data?.code
  } catch {
    return undefined
  }
}

describe('without a web session', () => {
  test.each(named((route) => !isPublic(route)))('%s', async (_, route) => {
    expect(await send(route)).toMatchObject({ status: 401, code: 'NOT_SIGNED_IN' })
    const forged = { ...ours(), cookie: `__Host-enchilada=${'A'.repeat(43)}` }
    expect(await send(route, { headers: forged })).toMatchObject({ status: 401, code: 'NOT_SIGNED_IN' })
  })
})

describe('signed in, but not allowed', () => {
  test.each(named(({ access }) => 'action' in access))('%s', async (_, route) => {
    const before = (await stage.records('access.refused')).length
    expect(await send(route, { headers: { ...ours(), cookie: nobody.cookie } })).toMatchObject({
      status: 403,
      code: 'ACCESS_DENIED',
    })
    const refused = await stage.records('access.refused')
    expect(refused.length).toBe(before + 1)
    expect(refused[0]).toMatchObject({ actor: nobody.person.id, data: { code: 'ACCESS_DENIED' } })
  })

  test.each(named(({ access, answer }) => 'signedIn' in access && answer.type === undefined && answer.status === 200))(
    '%s shows nothing',
    async (_, route) => {
      const { status, text } = await send(route, { headers: { ...ours(), cookie: nobody.cookie } })
      expect(status).toBe(200)
      for (const secret of [connection, session, '127.0.0.1', 'i-0123456789abcdef0']) expect(text).not.toContain(secret)
    },
  )

  test('the same requests are answered to whom they are allowed, so that the refusals above mean something', async () => {
    const everything = await stage.visitor('root', ['engineer', 'auditor', 'operator'])
    for (const [name, route] of named(({ access }) => 'action' in access)) {
      // It would end what the others look at.
      if (name.endsWith('/end')) continue
      const { status } = await send(route, { headers: { ...ours(), cookie: everything.cookie } })
      expect([name, [401, 403].includes(status)]).toEqual([name, false])
    }
  })
})

describe('from another site', () => {
  const foreign: readonly (readonly [string, Record<string, string>])[] = [
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['the origin of a sandbox', { origin: 'null' }],
    ['our host on another port', { origin: 'http://127.0.0.1:1' }],
    ['a browser that says cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['a browser that says same-site', { 'sec-fetch-site': 'same-site' }],
    ['no header of ours', { 'x-enchilada': '' }],
  ]
  test.each(named(changes))('%s', async (_, route) => {
    const everything = await stage.visitor('root', ['engineer', 'auditor', 'operator'])
    for (const [what, headers] of foreign) {
      const answer = await send(route, { headers: { ...ours(), cookie: everything.cookie, ...headers } })
      expect([what, answer.status, answer.code]).toEqual([what, 403, 'CROSS_SITE'])
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test.each(named((route) => !isPublic(route)))('%s grants no foreign page a look: preflight', async (_, route) => {
    const answer = await fetch(new URL(addressOf(route), stage.origin), {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': route.method.toUpperCase() },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.status).toBe(404)
  })
})

describe('what cannot be read', () => {
  const everything = () => stage.visitor('root', ['engineer', 'auditor', 'operator'])

  test.each(named(({ shapes }) => shapes.body !== undefined))('%s: bodies', async (_, route) => {
    const headers = { ...ours(), cookie: (await everything()).cookie }
    for (const body of ['', '{', 'null', '[]', '"text"', '{"nonsense":true}', '{"__proto__":{"purpose":"watch"}}']) {
      expect([body, await send(route, { headers, body })]).toMatchObject([
        body,
        { status: 400, code: 'REQUEST_INVALID' },
      ])
    }
    const large = JSON.stringify({ keys: ['x'.repeat(70_000)] })
    expect(await send(route, { headers, body: large })).toMatchObject({ status: 400, code: 'REQUEST_INVALID' })
  })

  test.each(named(({ path }) => path.includes(':id')))('%s: ids', async (_, route) => {
    const headers = { ...ours(), cookie: (await everything()).cookie }
    for (const id of ['x', '../../etc/passwd', "' or 1=1 --", '\u202e', 'a'.repeat(5_000)]) {
      const answer = await send(route, { headers, path: addressOf(route, { id }) })
      expect([id, answer.status, answer.code]).toEqual([id, 400, 'REQUEST_INVALID'])
    }
    const unknown = route.path.includes('connections') ? '0'.repeat(20) : newId()
    expect((await send(route, { headers, path: addressOf(route, { id: unknown }) })).status).toBe(404)
  })

  test.each(named(({ shapes }) => shapes.query instanceof z.ZodObject && 'limit' in shapes.query.shape))(
    '%s: pages',
    async (_, route) => {
      const headers = { ...ours(), cookie: (await everything()).cookie }
      for (const query of [
        'limit=0',
        'limit=-1',
        'limit=1e9',
        'limit=x',
        'cursor=garbage',
        `cursor=${'x'.repeat(600)}`,
      ]) {
        const answer = await send(route, { headers, path: `${route.path}?${query}` })
        const code = answer.code?.replace('AUDIT_CURSOR_INVALID', 'REQUEST_INVALID')
        expect([query, answer.status, code]).toEqual([query, 400, 'REQUEST_INVALID'])
      }
    },
  )
})

describe('a route that does not say who may use it', () => {
  test('answers with a fault instead of what it had to say', async () => {
    const other = await setPortalStage(sshd)
    try {
      other.portal.app.get('/api/v1/forgotten', (c) => c.json({ everything: 'secret' }))
      const answer = await fetch(`${other.origin}/api/v1/forgotten`)
      expect(answer.status).toBe(500)
      const text = await answer.text()
      expect(codeOf(text)).toBe('ROUTE_UNGUARDED')
      expect(text).not.toContain('secret')
    } finally {
      await other.close()
    }
  })

  test('is not among the addresses that answer', () => {
    const known = new Set(routes.map((route) => `${route.method.toUpperCase()} ${route.path}`))
    // Middleware and the files of the pages are for whole subtrees.
    const answering = stage.portal.app.routes.filter(({ method, path }) => method !== 'ALL' && !path.endsWith('*'))
    expect(answering.map(({ method, path }) => `${method} ${path}`).filter((one) => !known.has(one))).toEqual([])
    expect(answering.length).toBe(known.size)
    expect(routes.filter(({ access }) => Object.values(access).every((reason) => reason === ''))).toEqual([])
  })
})
