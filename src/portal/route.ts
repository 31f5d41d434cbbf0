import type { Context } from 'hono'
import * as z from 'zod'
import type { Scope } from '../model/scope.ts'
import type { Question } from '../policy/request.ts'
import type { WebSession } from '../sign-in/web-sessions.ts'
import { portalErrors } from './errors.ts'
import type { Parts } from './parts.ts'

/** What is asked of the policies before a route answers, and what the trail calls it when they refuse. */
export type Asked = { question: Question; subject: string; scope?: Scope; session?: string }

type Shapes<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = { params?: P; query?: Q; body?: B }
type Input<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> = {
  params: z.output<P>
  query: z.output<Q>
  body: z.output<B>
}

/** One signed-in request. `audit` fills actor and source in. */
export type Call<I> = I & { parts: Parts; session: WebSession; c: Context }
export type PublicCall<I> = I & { parts: Parts; c: Context }

export type Answer = { status: number; description: string; type?: string; schema?: z.ZodType }

type Description = {
  method: 'get' | 'post'
  /** Hono's form: `/api/v1/connections/:id`. */
  path: string
  summary: string
  answer: Answer
  /** A body that is valid, for the description and for tests. */
  example?: unknown
  /** Sent by another server, not by our pages: cookies play no part in it. */
  crossSite?: true
}

/** A route with its types sealed in: `bind` reads the request, what comes out asks and answers. */
export type Route = Description & {
  shapes: Shapes<z.ZodType, z.ZodType, z.ZodType>
  /** Who may: everybody, everybody signed in, or whom the policies allow. The reason is for whoever reads the table. */
  access: { public: string } | { signedIn: string } | { action: string }
  bind(raw: RawInput): BoundRoute
}
export type RawInput = { params: unknown; query: unknown; body: unknown }
export type BoundRoute = {
  ask(call: { parts: Parts; session: WebSession }): Promise<Asked>
  answer(call: { parts: Parts; session: WebSession | undefined; c: Context }): Promise<Response>
}

const nothing = z.unknown()
type Nothing = typeof nothing

/** For somebody signed in; `action` asks the policies, `signedIn` says why that is not needed. */
export function defineRoute<
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(
  route: Description &
    Shapes<P, Q, B> & { handle(call: Call<Input<P, Q, B>>): Promise<Response> } & (
      | { signedIn: string }
      | { action: string; ask(call: Input<P, Q, B> & { parts: Parts; session: WebSession }): Promise<Asked> }
    ),
): Route {
  const { params, query, body, handle, ...rest } = route
  const read = inputReader({ params, query, body })
  return {
    ...descriptionOf(rest),
    shapes: shapesOf({ params, query, body }),
    access: 'action' in route ? { action: route.action } : { signedIn: route.signedIn },
    bind(raw) {
      const input = read(raw)
      return {
        ask: async (call) => {
          if (!('ask' in route)) throw portalErrors.ROUTE_UNGUARDED()
          return route.ask({ ...input, ...call })
        },
        answer: async ({ parts, session, c }) => {
          if (!session) throw portalErrors.NOT_SIGNED_IN()
          return handle({ ...input, parts, session, c })
        },
      }
    },
  }
}

/** For everybody, with the reason why. */
export function definePublicRoute<Q extends z.ZodType = Nothing>(
  route: Description & {
    query?: Q
    public: string
    handle(call: PublicCall<{ query: z.output<Q> }>): Promise<Response>
  },
): Route {
  const { query, handle, ...rest } = route
  const read = inputReader({ query })
  return {
    ...descriptionOf(rest),
    shapes: shapesOf({ query }),
    access: { public: route.public },
    bind(raw) {
      const input = read(raw)
      return {
        ask: async () => {
          throw portalErrors.ROUTE_UNGUARDED()
        },
        answer: ({ parts, c }) => handle({ query: input.query, parts, c }),
      }
    },
  }
}

const descriptionOf = ({ method, path, summary, answer, example, crossSite }: Description): Description => ({
  method,
  path,
  summary,
  answer,
  ...(example === undefined ? {} : { example }),
  ...(crossSite ? { crossSite } : {}),
})

function shapesOf(shapes: { [K in keyof Route['shapes']]?: z.ZodType | undefined }): Route['shapes'] {
  const { params, query, body } = shapes
  return { ...(params ? { params } : {}), ...(query ? { query } : {}), ...(body ? { body } : {}) }
}

/**
 * Reads all faults at once, each with where it is; what it returns throws REQUEST_INVALID. One a route: a shape is compiled when it
 * first reads, which takes longer than to read.
 */
function inputReader<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(shapes: {
  params?: P | undefined
  query?: Q | undefined
  body?: B | undefined
}): (raw: RawInput) => Input<P, Q, B> {
  const shape = z.object({
    params: shapes.params ?? nothing,
    query: shapes.query ?? nothing,
    body: shapes.body ?? nothing,
  })
  return (raw) => {
    const read = shape.safeParse(raw)
    if (read.success) return read.data as Input<P, Q, B>
    const faults = read.error.issues.map(
      ({ path, message }) => `${path.slice(1).map(String).join('.') || String(path[0])}: ${message}`,
    )
    throw portalErrors.REQUEST_INVALID({ faults: faults.join('; ') }, { cause: read.error })
  }
}
