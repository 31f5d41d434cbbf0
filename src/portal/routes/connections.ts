import * as z from 'zod'
import {
  type Connection,
  catalogueEventSchema,
  connectionFiltersSchema,
  connectionListSchema,
  connectionQuerySchema,
  connectionSchema,
  ticketSchema,
} from '../contract/connections.ts'
import { portalErrors } from '../errors.ts'
import { askConnect } from '../facts.ts'
import { streamEvents } from '../live/event-stream.ts'
import { listConnections, listFilters, readConnections } from '../queries/connections.ts'
import { defineRoute, type Route } from '../route.ts'

const params = z.object({ id: z.string().regex(/^[0-9a-f]{20}$/) })
const cut = 'every row is cut to what the policies let this person list'

export const connectionRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/v1/connections',
    summary: 'Connections the person may list, by name',
    signedIn: cut,
    query: connectionQuerySchema,
    answer: { status: 200, description: 'One page', schema: connectionListSchema },
    async handle({ query, parts, session, c }) {
      const readers = await parts.access.readersOf(session.person, 'list')
      return c.json(await listConnections(parts.store.db, readers, query))
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/connections/filters',
    summary: 'Accounts and regions that the list can be filtered by',
    signedIn: cut,
    answer: { status: 200, description: 'Those of the rows the person may list', schema: connectionFiltersSchema },
    async handle({ parts, session, c }) {
      const readers = await parts.access.readersOf(session.person, 'list')
      return c.json(await listFilters(parts.store.db, readers))
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/connections/events',
    summary: 'Changes of the list, as server-sent events: `ready`, `catalogue`, `reset`',
    signedIn: cut,
    answer: {
      status: 200,
      description: 'The data of a `catalogue` event; `ready` and `reset` mean: read the list',
      type: 'text/event-stream',
      schema: catalogueEventSchema,
    },
    handle: (call) =>
      streamEvents(call, 'connections', async (outbox) => {
        const { access, connectionFeed } = call.parts
        return connectionFeed.follow(await access.readersOf(call.session.person, 'list'), outbox)
      }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/connections/:id',
    summary: 'One connection',
    action: 'list',
    params,
    ask: ({ params, parts }) => askConnect(parts.store.db, 'list', params.id),
    answer: { status: 200, description: 'The connection', schema: connectionSchema },
    async handle({ params, parts, session, c }) {
      const readers = await parts.access.readersOf(session.person, 'list')
      const [found]: Connection[] = await readConnections(parts.store.db, readers, [params.id])
      if (!found) throw portalErrors.CONNECTION_UNKNOWN()
      return c.json(found)
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/connections/:id/tickets',
    summary: 'A ticket for a WebSocket that opens a session',
    action: 'connect',
    params,
    ask: ({ params, parts }) => askConnect(parts.store.db, 'connect', params.id),
    answer: { status: 201, description: 'Single use, 30 seconds', schema: ticketSchema },
    async handle({ params, parts, session, c }) {
      return c.json(await parts.tickets.grant(session.hash, { purpose: 'open', subject: params.id }), 201)
    },
  }),
]
