import * as z from 'zod'
import type { Clock } from '../../../kernel/clock.ts'
import { type CodedError, reasonOf } from '../../../kernel/errors.ts'
import type { Secret } from '../../../kernel/secret.ts'
import type { Until } from '../../../kernel/unless-aborted.ts'
import { guacamoleErrors } from '../errors.ts'

/** `at`: when the server answered, by its own clock, to the second. */
export type Answer = { status: number; body: unknown; at: number | undefined }
export type RestCall = { method: string; path: string; bytes: number; status: number }

/** One web application node, logged in when first needed; one token for all calls. */
export type RestSession = {
  /** `path` below `api/`. Statuses below 400 and those of a refused request (400, 404, 409, 413, 500, 501) are answers; the rest is thrown. */
  call(method: string, path: string, body?: unknown): Promise<Answer>
  /** The data source that holds connections, such as `postgresql`. */
  dataSource(): Promise<string>
  /** Gives the token back. */
  close(): Promise<void>
}

export type RestSessionDeps = {
  url: string
  userName: string
  password: Secret
  dataSource?: string | undefined
  clock: Clock
  onCall?: (call: RestCall) => void
  /** Gives up what is under way, and begins nothing more. */
  until?: Until | undefined
}

/** Guacamole's ban lasts 300 s from the last failure and is per address, so it would lock people out too. */
const AFTER_REFUSAL_MS = 360_000
/** A login that ends in 500 counts as a failure as well; four of these stay below the five that ban. */
const AFTER_FAULT_MS = 90_000
/** A batch grows slower with every row of the table of permissions; given up too early it is done all the same. */
const PATIENCE_MS = 240_000

const loginSchema = z.object({
  authToken: z.string(),
  dataSource: z.string(),
  availableDataSources: z.array(z.string()),
})
const apiError = z.object({
  message: z.string().nullish(),
  type: z.string().nullish(),
  expected: z.array(z.object({ name: z.string() })).nullish(),
})
type Login = { token: string; dataSource: string }

export function createRestSession(deps: RestSessionDeps): RestSession {
  const { userName, clock } = deps
  const base = `${deps.url.replace(/\/+$/, '')}/api/`
  let login: Promise<Login> | undefined
  let closedUntil = 0
  let lastRefusal: CodedError | undefined

  const send = async (method: string, path: string, init: RequestInit): Promise<Answer> => {
    try {
      const signals = [AbortSignal.timeout(PATIENCE_MS), ...(deps.until ? [deps.until()] : [])]
      const response = await fetch(base + path, { ...init, method, signal: AbortSignal.any(signals) })
      const text = await response.text()
      const bytes = typeof init.body === 'string' ? Buffer.byteLength(init.body) : 0
      deps.onCall?.({ method, path, bytes, status: response.status })
      const date = Date.parse(response.headers.get('date') ?? '')
      return { status: response.status, body: parse(text), at: Number.isNaN(date) ? undefined : date }
    } catch (cause) {
      const inner = cause instanceof Error ? (cause.cause ?? cause) : cause
      throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: reasonOf(inner) }, { cause })
    }
  }

  const signIn = async (): Promise<Login> => {
    if (lastRefusal && clock.now() < closedUntil) throw lastRefusal
    const form = new URLSearchParams({ username: userName, password: deps.password.reveal() })
    const { status, body } = await send('POST', 'tokens', {
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    const given = loginSchema.safeParse(body)
    if (status === 200 && given.success) {
      lastRefusal = undefined
      return { token: given.data.authToken, dataSource: deps.dataSource ?? databaseOf(given.data) }
    }
    const { type, expected, message } = apiError.safeParse(body).data ?? {}
    const refuse = (error: CodedError, pause: number) => {
      lastRefusal = error
      closedUntil = clock.now() + pause
      throw error
    }
    if (type === 'INSUFFICIENT_CREDENTIALS') {
      const fields = (expected ?? []).map((field) => field.name).join(', ')
      return refuse(guacamoleErrors.GUACAMOLE_LOGIN_NEEDS_MORE({ fields, user: userName }), AFTER_REFUSAL_MS)
    }
    const reason = message ?? `status ${status}`
    if (status >= 500) return refuse(guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason }), AFTER_FAULT_MS)
    return refuse(guacamoleErrors.GUACAMOLE_LOGIN_REFUSED({ user: userName, reason }), AFTER_REFUSAL_MS)
  }

  const loggedIn = (): Promise<Login> => {
    login ??= signIn().catch((error: unknown) => {
      login = undefined
      throw error
    })
    return login
  }

  const withToken = (token: string, body?: unknown): RequestInit => ({
    headers: { 'guacamole-token': token, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

  return {
    async call(method, path, body) {
      for (let tried = 1; ; tried += 1) {
        const { token } = await loggedIn()
        const answer = await send(method, path, withToken(token, body))
        if (answer.status === 502 || answer.status === 503 || answer.status === 504) {
          throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `status ${answer.status}` })
        }
        if (answer.status !== 401 && answer.status !== 403) return answer
        // A denial and a dead token look alike; only the session itself knows.
        const alive = await send('HEAD', 'session', withToken(token))
        if (alive.status < 400) throw guacamoleErrors.GUACAMOLE_FORBIDDEN({ user: userName, what: `${method} ${path}` })
        login = undefined
        if (tried > 1) throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: 'a new token was refused at once' })
      }
    },
    dataSource: async () => (await loggedIn()).dataSource,
    async close() {
      const { token } = (await login?.catch(() => undefined)) ?? {}
      login = undefined
      if (token) await send('DELETE', `tokens/${token}`, {}).catch(() => undefined)
    },
  }
}

/** Whoever signed us in need not be where connections are kept. */
const databaseOf = ({ dataSource, availableDataSources }: z.infer<typeof loginSchema>): string =>
  availableDataSources.find((name) => ['postgresql', 'mysql', 'sqlserver'].includes(name)) ?? dataSource

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
