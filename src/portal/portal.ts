import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { createApp } from './app.ts'
import { assembleParts } from './parts.ts'
import type { PortalDeps } from './ports.ts'
import { routeTable } from './route-table.ts'
import { openTerminalDoor } from './terminal/terminal-door.ts'

export type Portal = { readonly port: number; close(): Promise<void> }

/** Listens where `portal.listen` says; resolves when it does, rejects with the system's error when it cannot. */
export async function startPortal(deps: PortalDeps): Promise<Portal> {
  const parts = assembleParts(deps)
  const server = createServer(getRequestListener(createApp(parts, routeTable).fetch))
  const door = openTerminalDoor(server, parts)
  const unsubscribe = deps.store.notify.subscribe('access-ended', ({ personId }) => parts.doors.closeOfPerson(personId))
  const { listen } = deps.settings
  const at = listen.lastIndexOf(':')
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(Number(listen.slice(at + 1)), listen.slice(0, at).replace(/^\[|\]$/g, ''), resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      unsubscribe()
      parts.doors.closeAll()
      door.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
