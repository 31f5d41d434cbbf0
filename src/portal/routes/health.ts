import { timingSafeEqual } from 'node:crypto'
import { reasonOf } from '../../kernel/errors.ts'
import { sha256Hex } from '../../kernel/ids.ts'
import { portalErrors } from '../errors.ts'
import { definePublicRoute, type Route } from '../route.ts'

const same = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(sha256Hex(a)), Buffer.from(sha256Hex(b)))

export const healthRoutes: readonly Route[] = [
  definePublicRoute({
    method: 'get',
    path: '/healthz',
    summary: 'The process lives',
    public: 'a load balancer asks before anybody is signed in, and learns nothing',
    answer: { status: 200, description: 'It lives', type: 'text/plain' },
    handle: async ({ c }) => c.text('ok'),
  }),
  definePublicRoute({
    method: 'get',
    path: '/readyz',
    summary: 'Every part can do its work',
    public: 'a load balancer asks; the names of parts are all it learns',
    answer: { status: 200, description: 'Ready; 503 names what is not' },
    async handle({ parts, c }) {
      const checks = { store: () => parts.store.ping(), ...parts.ready }
      const answers = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => {
          try {
            await check()
            return [name, 'ok'] as const
          } catch (error) {
            parts.log.warn({ part: name, reason: reasonOf(error) }, 'not ready')
            return [name, 'failed'] as const
          }
        }),
      )
      const ready = answers.every(([, state]) => state === 'ok')
      return c.json({ ready, parts: Object.fromEntries(answers) }, ready ? 200 : 503)
    },
  }),
  definePublicRoute({
    method: 'get',
    path: '/metrics',
    summary: 'Prometheus metrics',
    public: 'a scraper has no session: it comes from this machine or brings the token',
    answer: { status: 200, description: 'Text of the Prometheus exposition format', type: 'text/plain' },
    async handle({ parts, c }) {
      const { metricsToken } = parts
      const given = c.req.header('authorization')?.replace(/^Bearer /, '') ?? ''
      const allowed = metricsToken ? same(given, metricsToken.reveal()) : parts.clientAddress.isThisMachine(c)
      if (!allowed) throw portalErrors.METRICS_DENIED()
      return c.body(await parts.metrics.metrics(), 200, { 'content-type': parts.metrics.contentType })
    },
  }),
]
