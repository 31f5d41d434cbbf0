import { once } from 'node:events'
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server'
import { WebSocketServer } from 'ws'
import { TERMINAL_PROTOCOL } from './contract/terminal.ts'
import type { Portal } from './portal.ts'

export type Listening = {
  port: number
  /** Takes no more requests, closes what stands open, and waits for what is being answered. */
  close(): Promise<void>
}

/** Larger messages close the socket: pages cut what is pasted into pieces of 64 KB. */
const MOST_MESSAGE = 256 * 1024

/** `address`: host and port, IPv6 in brackets; port 0 takes a free one. Rejects with what the system says of it. */
export async function listen(portal: Portal, address: string): Promise<Listening> {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_MESSAGE,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(TERMINAL_PROTOCOL) ? TERMINAL_PROTOCOL : false),
  })
  const server = createAdaptorServer({
    fetch: portal.app.fetch,
    // The two describe one method of `ws` differently; it is its own documented use.
    websocket: { server: sockets as WebSocketServerLike },
  })
  server.listen(Number(address.slice(at + 1)), host)
  await once(server, 'listening')
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound ? bound.port : 0,
    async close() {
      portal.close()
      for (const socket of sockets.clients) socket.terminate()
      server.close()
      if ('closeIdleConnections' in server) server.closeIdleConnections()
      await once(server, 'close')
    },
  }
}
