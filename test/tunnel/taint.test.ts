import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/kernel/clock.ts'
import { createNetconf } from '../../src/netconf/netconf.ts'
import { openUndoJournal } from '../../src/netconf/undo-journal.ts'
import { type EngineName, engineNames } from '../../src/tunnel/engines/engine.ts'
import type { ClientEngine, LocalNetworkDoor } from '../../src/tunnel/network-document.ts'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { speakAsOpenvpn } from '../fixtures/openvpn-management.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
let wire: Awaited<ReturnType<typeof tap>>
beforeAll(async () => {
  stage = await openStage()
  wire = await tap(stage.endpoint)
  process.env['AWS_ENDPOINT_URL'] = wire.endpoint
}, 60_000)
afterAll(async () => {
  wire.close()
  await stage.close()
})

/** Stands before the emulator and keeps every request, head and body. */
async function tap(behind: string) {
  const kept: Buffer[] = []
  const server = createServer(async (asked, reply) => {
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method, url = '/', headers } = asked
    kept.push(Buffer.from(`${method} ${url} ${JSON.stringify(headers)}`), body)
    const onward = request(new URL(url, behind), { method, headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(reply)
    })
    onward.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { kept, endpoint: `http://127.0.0.1:${port}`, close: () => server.close() }
}

/** Everything that some bytes may be the wrapping of: percent signs, base64 at each of its four offsets, hex, gzip; and what is in that. */
function unwrapped(bytes: Buffer, depth = 4): Buffer[] {
  if (depth === 0) return [bytes]
  const text = bytes.toString('latin1')
  const inner: Buffer[] = [
    ...unzipped(bytes),
    ...(text.includes('%')
      ? [
          Buffer.from(
            text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => unhex(hex)),
            'latin1',
          ),
        ]
      : []),
    ...[...text.matchAll(/[A-Za-z0-9+/_-][A-Za-z0-9+/_\-\r\n]{38,}/g)].flatMap(([run]) =>
      [0, 1, 2, 3].map((skip) => Buffer.from(run.replace(/\s/g, '').slice(skip), 'base64')),
    ),
    ...[...text.matchAll(/[0-9a-fA-F][0-9a-fA-F\r\n:]{62,}/g)].map(([run]) =>
      Buffer.from(run.replace(/[\s:]/g, ''), 'hex'),
    ),
  ]
  return [bytes, ...inner.flatMap((one) => unwrapped(one, depth - (isText(one) ? 1 : depth)))]
}
function unzipped(bytes: Buffer): Buffer[] {
  try {
    return [gunzipSync(bytes)]
  } catch {
    return []
  }
}
const unhex = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16))
/** Only what reads as something can wrap something more; gzip is what a server's script comes in. */
const isText = (bytes: Buffer): boolean => bytes[0] === 0x1f || !/[\x00-\x08\x0e-\x1f]/.test(bytes.toString('latin1'))

const holds = (bytes: Buffer, secret: Buffer): boolean => unwrapped(bytes).some((one) => one.includes(secret))

/** The 32 bytes that are the client's alone, and 32 that everybody may see: what looks for the one has to find the other. */
function bytesOf(engine: ClientEngine): { secret: Buffer; open: Buffer } {
  if (engine.name === 'openvpn') {
    const key = createPrivateKey({ key: Buffer.from(engine.privateKey, 'base64'), format: 'der', type: 'pkcs8' })
    return { secret: coordinate(key, 'd'), open: Buffer.from(engine.controlKey, 'hex').subarray(96, 128) }
  }
  const secret = Buffer.from(engine.privateKey, 'base64')
  // RFC 8410: what stands before a raw Curve25519 key in PKCS #8.
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
  const key = createPrivateKey({ key: Buffer.concat([prefix, secret]), format: 'der', type: 'pkcs8' })
  return { secret, open: coordinate(createPublicKey(key), 'x') }
}
const coordinate = (key: KeyObject, name: 'd' | 'x'): Buffer =>
  Buffer.from(key.export({ format: 'jwk' })[name] ?? '', 'base64url')

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))

/** The privileged door with its real plans and files, on programs that only remember how they were called. */
function rememberingDoor(folder: string, engine: EngineName) {
  const argued: string[] = []
  const files: { mode: number; bytes: Buffer }[] = []
  const closers: (() => void)[] = []
  const apply = createNetconf({
    ...{ system: 'linux', folder, clock: systemClock, isInstalled: () => true },
    journal: openUndoJournal(join(folder, 'undo')),
    async run(argv, { input = '' } = {}) {
      argued.push(argv.join(' '))
      files.push(...filesIn(folder).map((file) => ({ mode: statSync(file).mode & 0o777, bytes: readFileSync(file) })))
      const [, socket] = /^management (\S+) unix$/m.exec(input) ?? []
      if (socket !== undefined) closers.push((await speakAsOpenvpn(socket)).close)
      return { code: 0, stdout: argv.includes('latest-handshakes') ? 'key\t1764000000\n' : '', stderr: '' }
    },
  })
  let told: ClientEngine | undefined
  const door: LocalNetworkDoor = {
    apply(document, signal = new AbortController().signal) {
      if (document.action === 'up') told = document.engine
      return apply(document, signal)
    },
  }
  const end = () => {
    for (const close of closers) close()
  }
  return { door, argued, files, told: () => told, end, engine }
}

test.each(engineNames)(
  "the client's key of %s is on nothing that leaves the process but one file of root",
  async (engine) => {
    const folder = mkdtempSync(join(tmpdir(), 'taint-'))
    const machine = stage.laptop({})
    const laptop = rememberingDoor(folder, engine)
    const journalled: string[] = []
    const parts = {
      ...machine.parts,
      door: laptop.door,
      journal: {
        ...machine.onDisk,
        async write(entry: Parameters<typeof machine.onDisk.write>[0]) {
          journalled.push(JSON.stringify(entry))
          await machine.onDisk.write(entry)
        },
      },
    }
    wire.kept.length = 0
    try {
      const wish = { ...stage.wish, environment: { ...stage.wish.environment, engine } }
      const tunnel = await openTunnel(parts, wish, machine.signal)
      await tunnel.close('asked')
      const told = laptop.told()
      if (!told) throw new Error('the door was told nothing')
      const { secret, open } = bytesOf(told)
      expect(secret).toHaveLength(32)

      const requests = Buffer.concat(wire.kept.flatMap((one) => [one, Buffer.from('\n')]))
      expect(requests.length).toBeGreaterThan(4_000)
      expect(holds(requests, open)).toBe(true)
      expect(holds(requests, secret)).toBe(false)

      expect(holds(Buffer.from(journalled.join('\n')), open)).toBe(true)
      const rest = [...journalled, ...laptop.argued, JSON.stringify(machine.trail)].join('\n')
      expect(holds(Buffer.from(rest), secret)).toBe(false)

      const written = laptop.files.filter(({ bytes }) => holds(bytes, secret))
      expect([...new Set(written.map(({ mode }) => mode))]).toEqual(engine === 'wireguard' ? [0o600] : [])
      expect(filesIn(folder)).toEqual([])
    } finally {
      laptop.end()
      machine.remove()
      rmSync(folder, { recursive: true, force: true })
    }
  },
  60_000,
)
