import { timingSafeEqual } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { isCoded, reasonOf } from '../../kernel/errors.ts'
import { sha256Hex } from '../../kernel/ids.ts'
import { portalErrors } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { definePublicRoute, type Route } from '../route.ts'

/** For the machines that look after the portal. `describe` gives the OpenAPI document. */
export function serviceRoutes(describe: () => object): readonly Route[] {
  return [
    definePublicRoute({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process answers',
      public: 'load balancers cannot sign in; it says nothing else',
      answer: { status: 200, description: 'It does', type: 'text/plain' },
      handle: async ({ c }) => c.text('ok\n'),
    }),
    definePublicRoute({
      method: 'get',
      path: '/readyz',
      summary: 'Whether the portal can do its work: 503 names the parts that cannot',
      public: 'load balancers cannot sign in; it names parts and their codes, no more',
      answer: { status: 200, description: 'Everything is ready' },
      async handle({ parts, c }) {
        const checks = { store: () => parts.store.ping(), ...parts.ready }
        const found = await Promise.all(Object.entries(checks).map(([name, check]) => look(parts, name, check)))
        const isReady = found.every(({ ready }) => ready)
        return c.json({ ready: isReady, parts: found }, isReady ? 200 : 503)
      },
    }),
    definePublicRoute({
      method: 'get',
      path: '/metrics',
      summary: 'Prometheus metrics, for this machine or with a bearer token',
      public: 'scrapers cannot sign in; they come from this machine or bring the configured token',
      answer: { status: 200, description: 'Text format', type: 'text/plain' },
      async handle({ parts, c }) {
        if (!mayReadMetrics(parts, c.req.header('authorization'), parts.clientAddress.isThisMachine(c))) {
          throw portalErrors.METRICS_DENIED()
        }
        return c.body(await parts.metrics.metrics(), 200, { 'Content-Type': parts.metrics.contentType })
      },
    }),
    definePublicRoute({
      method: 'get',
      path: '/api/openapi.json',
      summary: 'This description',
      public: 'it describes the product, not an installation',
      answer: { status: 200, description: 'OpenAPI 3.1' },
      handle: async ({ c }) => c.json(describe()),
    }),
  ]
}

/** A configured token is the only way in: what a proxy on this machine hands on would look local too. */
export function mayReadMetrics(
  { metricsToken }: Pick<Parts, 'metricsToken'>,
  authorization: string | undefined,
  isThisMachine: boolean,
): boolean {
  if (!metricsToken) return isThisMachine
  const hashOf = (text: string) => Buffer.from(sha256Hex(text))
  return timingSafeEqual(hashOf(authorization ?? ''), hashOf(`Bearer ${metricsToken.reveal()}`))
}

const PATIENCE_MS = 2_000

async function look(parts: Parts, name: string, check: () => Promise<void> | void) {
  const waiting = new AbortController()
  try {
    await Promise.race([check(), after(PATIENCE_MS, undefined, { signal: waiting.signal }).then(() => tooSlow(name))])
    return { name, ready: true }
  } catch (error) {
    parts.log.warn({ part: name, reason: reasonOf(error) }, 'a part is not ready')
    return { name, ready: false, ...(isCoded(error) ? { code: error.code } : {}) }
  } finally {
    waiting.abort()
  }
}

function tooSlow(name: string): never {
  throw new Error(`${name} did not answer within ${PATIENCE_MS / 1000} s`)
}
