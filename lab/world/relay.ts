import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server } from 'node:net'

/** Bytes from wherever `listenOn` is to wherever `goTo` is. A socket with a path crosses network namespaces; ports do not. */
export async function startRelay(listenOn: ListenOptions, goTo: () => NetConnectOpts) {
  if (listenOn.path) rmSync(listenOn.path, { force: true })
  const server = createServer({ allowHalfOpen: true })
  relayFrom(server, goTo)
  server.listen(listenOn)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: () => server.close(),
  }
}

/** The same for a socket that listens already, maybe in another network namespace. */
export function relayFrom(server: Server, goTo: () => NetConnectOpts): void {
  server.on('connection', (near) => {
    const far = connect({ ...goTo(), allowHalfOpen: true })
    const end = () => {
      near.destroy()
      far.destroy()
    }
    near.on('error', end)
    far.on('error', end)
    near.pipe(far)
    far.pipe(near)
  })
}
