import { once } from 'node:events'
import { WebSocket } from 'ws'
import { familyOf } from '../product/process-cost.ts'
import { endChild, startChild } from './child.ts'
import { createMeter, type Gateway } from './gateway.ts'
import type { PasswordHost } from './password-host.ts'
import { SCREEN } from './screen.ts'

/** The least that a web terminal on ssh2 can do: what any other costs, this one costs, too. */
export async function startRelay(host: PasswordHost): Promise<Gateway> {
  const { port, userName: username, password } = host
  const settings = { port, username, password, ...SCREEN }
  const { child, told, pid } = await startChild<{ port: number }>('relay-server.ts', settings)
  return {
    name: 'ssh2 piped to a WebSocket, nothing else',
    pids: () => familyOf(pid),
    close: () => endChild(child),
    async open() {
      const meter = createMeter()
      const socket = new WebSocket(`ws://127.0.0.1:${told.port}`, { perMessageDeflate: false })
      socket.on('message', (bytes: Buffer) => meter.came(bytes.length, true))
      const prompt = meter.nextFrame()
      await once(socket, 'open')
      await prompt
      return {
        ...meter,
        type(text) {
          meter.went(Buffer.byteLength(text))
          socket.send(Buffer.from(text))
        },
        close: () => socket.close(),
      }
    },
  }
}
