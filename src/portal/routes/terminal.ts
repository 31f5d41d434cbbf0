import { upgradeWebSocket } from '@hono/node-server'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { TERMINAL_PROTOCOL } from '../contract/terminal.ts'
import { portalErrors } from '../errors.ts'
import { requireExactOrigin } from '../http/same-origin.ts'
import { defineRoute, type Route } from '../route.ts'
import { serveTerminal } from '../terminal/serve-terminal.ts'

export const terminalRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/v1/terminal',
    summary: 'The WebSocket of a terminal',
    signedIn: 'the ticket was given after the policies were asked; opening asks again',
    query: z.object({ ticket: z.string().min(1).max(100) }),
    answer: { status: 101, description: 'A WebSocket with the subprotocol enchilada.terminal.v1' },
    async handle({ query, parts, session, c }) {
      requireExactOrigin(c, parts.origin)
      const offered = (c.req.header('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
      if (c.req.header('upgrade')?.toLowerCase() !== 'websocket' || !offered.includes(TERMINAL_PROTOCOL)) {
        throw portalErrors.REQUEST_INVALID({ faults: `this is a WebSocket with the subprotocol ${TERMINAL_PROTOCOL}` })
      }
      const granted = await parts.tickets.redeem(query.ticket, session.hash)
      const response = await upgradeWebSocket(c, {
        onOpen(_, { raw }) {
          // The socket itself, and not the adapter's events: these copy each message and cannot be paused.
          if (raw instanceof WebSocket) {
            withoutAdapter(raw, () => serveTerminal(parts, raw, { session, granted }))
          }
        },
      })
      return response ?? c.body(null, 500)
    },
  }),
]

/**
 * Calls `serve` once the adapter has added its listeners, and takes these away before: they hold the whole request beside the socket for
 * as long as it lives, and nothing hears them. No message comes meanwhile.
 */
function withoutAdapter(socket: WebSocket, serve: () => void): void {
  const ofServer = new Set(socket.rawListeners('close'))
  queueMicrotask(() => {
    socket.removeAllListeners('message')
    socket.removeAllListeners('error')
    for (const listener of socket.rawListeners('close')) {
      if (!ofServer.has(listener)) socket.off('close', listener as () => void)
    }
    serve()
  })
}
