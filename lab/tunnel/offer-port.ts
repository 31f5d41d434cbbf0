import type { Server } from 'node:net'
import { listenInNamespace } from '../hosts/listen-in-namespace.ts'
import { relayFrom } from '../world/relay.ts'

/** A port of the world's loopback on the loopback of another namespace, until the server is closed. */
export async function offerPort(namespace: string, port: number): Promise<Server> {
  const listener = await listenInNamespace(namespace, '127.0.0.1', port)
  relayFrom(listener, () => ({ host: '127.0.0.1', port }))
  return listener
}
