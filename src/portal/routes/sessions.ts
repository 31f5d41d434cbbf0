import * as z from 'zod'
import { parseScope } from '../../model/scope.ts'
import { ticketSchema } from '../contract/connections.ts'
import {
  sessionListSchema,
  sessionQuerySchema,
  sessionSchema,
  sessionTicketRequestSchema,
} from '../contract/sessions.ts'
import { portalErrors } from '../errors.ts'
import { askConnect, askSession } from '../facts.ts'
import { streamEvents } from '../live/event-stream.ts'
import type { Parts } from '../parts.ts'
import { listSessions, readSessionRow, type SessionReader } from '../queries/sessions.ts'
import { type Asked, defineRoute, type Route } from '../route.ts'
import { withRights } from '../session-rights.ts'

const params = z.object({ id: z.uuid() })
const cut = "one's own sessions, and those the policies let this person watch or play"

async function readerOf(
  parts: Parts,
  session: { person: Parameters<Parts['access']['readersOf']>[0] },
): Promise<SessionReader> {
  const watch = await parts.access.readersOf(session.person, 'watch')
  const play = await parts.access.readersOf(session.person, 'play')
  return { personId: session.person.id, readers: [...watch, ...play] }
}

/** Coming back is connecting again, to one's own session; an instance that left the list since is judged by the session. */
async function askResume(parts: Parts, personId: string, id: string): Promise<Asked> {
  const row = await readSessionRow(parts.store.db, id)
  if (!row) throw portalErrors.SESSION_UNKNOWN()
  if (row.person_id !== personId) throw portalErrors.NOT_YOUR_SESSION()
  const { question } = await askConnect(parts.store.db, 'connect', row.connection_id)
  return { question, subject: id, scope: parseScope(row.scope), session: id }
}

export const sessionRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/v1/sessions',
    summary: 'Sessions, newest first',
    signedIn: cut,
    query: sessionQuerySchema,
    answer: { status: 200, description: 'One page', schema: sessionListSchema },
    async handle({ query, parts, session, c }) {
      const { rows, ...more } = await listSessions(parts.store.db, await readerOf(parts, session), query)
      return c.json({ items: await withRights(parts, session.person, rows), ...more })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/sessions/events',
    summary: 'Sessions that began, changed or ended, as server-sent events: `ready`, `session`, `reset`',
    signedIn: cut,
    answer: {
      status: 200,
      description: 'The data of a `session` event; `ready` and `reset` mean: read the list',
      type: 'text/event-stream',
      schema: sessionSchema,
    },
    handle: (call) =>
      streamEvents(call, 'sessions', async (outbox) =>
        call.parts.sessionFeed.follow(await readerOf(call.parts, call.session), outbox),
      ),
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/sessions/:id/tickets',
    summary: 'A ticket for a WebSocket that watches a session, or comes back to it',
    action: 'watch',
    params,
    body: sessionTicketRequestSchema,
    example: { purpose: 'watch' },
    ask: ({ params, body, parts, session }) =>
      body.purpose === 'resume'
        ? askResume(parts, session.person.id, params.id)
        : askSession(parts.store.db, 'watch', params.id),
    answer: { status: 201, description: 'Single use, 30 seconds', schema: ticketSchema },
    async handle({ params, body, parts, session, c }) {
      await requireLive(parts, params.id)
      return c.json(await parts.tickets.grant(session.hash, { purpose: body.purpose, subject: params.id }), 201)
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/sessions/:id/end',
    summary: 'End a session, wherever it runs',
    action: 'end',
    params,
    ask: ({ params, parts }) => askSession(parts.store.db, 'end', params.id),
    answer: { status: 202, description: 'The node that holds it was told; it ends within 2 seconds' },
    async handle({ params, parts, session, c }) {
      await requireLive(parts, params.id)
      await parts.gateway.end(params.id, session.person)
      return c.body(null, 202)
    },
  }),
]

async function requireLive(parts: Parts, id: string): Promise<void> {
  const row = await readSessionRow(parts.store.db, id)
  if (!row || row.ended_at !== null) throw portalErrors.SESSION_OVER()
}
