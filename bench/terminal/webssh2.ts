import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { endsWithUs } from '../product/ends-with-us.ts'
import { freePort } from '../product/free-port.ts'
import { familyOf } from '../product/process-cost.ts'
import { waitFor } from '../product/serve.ts'
import { endChild } from './child.ts'
import { createMeter, type Gateway, type Shell } from './gateway.ts'
import type { PasswordHost } from './password-host.ts'
import { SCREEN } from './screen.ts'

const VERSION = '5.2.0'
const folder = join(import.meta.dirname, '../../.tools', `webssh2-${VERSION}`)

export const hasWebssh2 = (): boolean => existsSync(join(folder, 'dist/index.js'))

/** The usual web terminal on our SSH library, as it comes: no host key is checked, nothing is recorded. */
export async function startWebssh2(host: PasswordHost): Promise<Gateway> {
  const port = await freePort()
  const server = spawn(process.execPath, ['dist/index.js'], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      WEBSSH2_LISTEN_IP: '127.0.0.1',
      WEBSSH2_LISTEN_PORT: String(port),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  endsWithUs(server)
  const answers = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/ssh`).catch(() => undefined)
    await answer?.arrayBuffer()
    return answer?.ok
  }
  await waitFor('webssh2-server answers', 60_000, answers)
  return {
    name: `webssh2-server ${VERSION}`,
    pids: () => familyOf(server.pid ?? 0),
    close: () => endChild(server),
    open: () => openShell(port, host),
  }
}

/**
 * A browser that speaks Socket.IO 5 over Engine.IO 4, WebSocket only. A packet is its type and JSON: `0` opens, `2` is a ping, `40` joins,
 * `42` is an event, `451-` one whose bytes follow.
 */
async function openShell(port: number, host: PasswordHost): Promise<Shell> {
  const url = `ws://127.0.0.1:${port}/ssh/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(url, { perMessageDeflate: false, origin: `http://127.0.0.1:${port}` })
  const meter = createMeter()
  const say = (text: string) => {
    meter.went(Buffer.byteLength(text))
    socket.send(text)
  }
  const emit = (...event: unknown[]) => say(`42${JSON.stringify(event)}`)
  const signIn = () => {
    const { userName: username, password } = host
    emit('authenticate', { host: '127.0.0.1', port: host.port, username, password, term: 'xterm-256color', ...SCREEN })
  }
  const hear = (name: unknown, about: { action?: string; success?: boolean; message?: string } | undefined) => {
    if (name === 'ssherror') throw new Error(`webssh2-server: ${JSON.stringify(about)}`)
    if (name === 'getTerminal') emit('terminal', { term: 'xterm-256color', ...SCREEN })
    if (name !== 'authentication') return
    if (about?.action === 'request_auth') signIn()
    if (about?.success === false) throw new Error(`webssh2-server: ${about.message}`)
  }
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const text = isBinary ? '' : data.toString('utf8')
    meter.came(data.length, isBinary || text.startsWith('42["data"'))
    if (text === '2') say('3')
    else if (text.startsWith('0')) say('40')
    else if (text.startsWith('42')) {
      const [name, about] = JSON.parse(text.slice(2))
      hear(name, about)
    }
  })
  const prompt = meter.nextFrame()
  await once(socket, 'open')
  await prompt
  return {
    ...meter,
    type: (text) => emit('data', text),
    close: () => socket.close(),
  }
}
