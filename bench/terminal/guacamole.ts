import { execFileSync, spawn } from 'node:child_process'
import { createCipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { endsWithUs } from '../product/ends-with-us.ts'
import { freePort } from '../product/free-port.ts'
import { familyOf } from '../product/process-cost.ts'
import { waitFor } from '../product/serve.ts'
import { endChild, startChild } from './child.ts'
import { createMeter, type Gateway, type Shell } from './gateway.ts'
import type { PasswordHost } from './password-host.ts'
import { WINDOW } from './screen.ts'

const NOBODY = 65_534
const CYPHER = 'AES-256-CBC'
/** Instructions that change the picture (Guacamole protocol reference, "Drawing instructions" and "Streaming instructions"). */
const DRAWS = new Set(['img', 'blob', 'png', 'copy', 'rect', 'cfill', 'transfer', 'move', 'shade', 'size'])
const ENTER = 0xff0d
const ANSWERS_WITHIN_MS = 5_000

export function guacdVersion(): string | undefined {
  try {
    return /version (\S+)/.exec(execFileSync('guacd', ['-v'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

/** Apache's guacd, and the usual Node server that carries its protocol to a WebSocket. `parameters`: more of guacd's for SSH, such as where to record. */
export async function startGuacamole(
  host: PasswordHost,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const home = mkdtempSync(join(tmpdir(), 'enchilada-bench-guacd-'))
  chmodSync(home, 0o777)
  const guacdPort = await freePort()
  const guacd = spawn('guacd', ['-f', '-b', '127.0.0.1', '-l', String(guacdPort), '-L', 'error'], {
    uid: NOBODY,
    gid: NOBODY,
    env: { PATH: process.env['PATH'], HOME: home },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  endsWithUs(guacd)
  await waitFor('guacd', 10_000, () => answers(guacdPort))
  const key = randomBytes(16).toString('hex')
  const { child, told, pid } = await startChild<{ port: number }>('guacamole-server.ts', {
    guacdPort,
    cypher: CYPHER,
    key,
  })
  const { port, userName: username, password } = host
  const ssh = { hostname: '127.0.0.1', port: String(port), username, password, ...WINDOW, ...parameters }
  return {
    name: `guacd ${guacdVersion()} and guacamole-lite`,
    pids: () => [...familyOf(guacd.pid ?? 0), ...familyOf(pid)],
    async close() {
      await endChild(child)
      await endChild(guacd)
      rmSync(home, { recursive: true, force: true })
    },
    open,
  }

  async function open(): Promise<Shell> {
    const token = encrypt({ connection: { type: 'ssh', settings: ssh } }, key)
    const url = `ws://127.0.0.1:${told.port}/?${new URLSearchParams({ token })}`
    const socket = new WebSocket(url, ['guacamole'], { perMessageDeflate: false })
    const meter = createMeter()
    const say = (...words: (string | number)[]) => {
      const text = instruction(words.map(String))
      meter.went(Buffer.byteLength(text))
      socket.send(text)
    }
    socket.on('message', (data: Buffer) => {
      const text = data.toString('utf8')
      const opcode = /^\d+\.([a-z]*)/.exec(text)?.[1] ?? ''
      meter.came(data.length, DRAWS.has(opcode))
      if (opcode === 'error') throw new Error(`guacd: ${text}`)
      // The browser answers when it has drawn; ours draws nothing and answers at once.
      if (opcode === 'sync') say('sync', /^4\.sync,\d+\.(\d+)/.exec(text)?.[1] ?? '0')
    })
    const drawn = meter.nextFrame().then(() => true)
    await once(socket, 'open')
    const answered = await Promise.race([
      drawn,
      new Promise((resolve) => setTimeout(resolve, ANSWERS_WITHIN_MS, false)),
    ])
    if (!answered) {
      // Of many connects guacd 1.3 forgets one now and then.
      socket.close()
      return open()
    }
    return {
      ...meter,
      type(text) {
        for (const sign of text) {
          const keysym = sign === '\r' ? ENTER : (sign.codePointAt(0) ?? 0)
          say('key', keysym, 1)
          say('key', keysym, 0)
        }
      },
      close: () => socket.close(),
    }
  }
}

/** `LENGTH.VALUE,…;` */
const instruction = (words: readonly string[]): string =>
  `${words.map((word) => `${[...word].length}.${word}`).join(',')};`

/** The token that guacamole-lite takes. */
function encrypt(settings: object, key: string): string {
  const iv = randomBytes(16)
  const cipher = createCipheriv(CYPHER, key, iv)
  const value = Buffer.concat([cipher.update(JSON.stringify(settings)), cipher.final()])
  return Buffer.from(JSON.stringify({ iv: iv.toString('base64'), value: value.toString('base64') })).toString('base64')
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
