import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./guest/guard.py', import.meta.url))
const folders: string[] = []
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const patient = { ttl: 3600, longest: 7200, firstHandshake: 3600, grace: 3600, idle: 3600 }
let port = 21_000 + (process.pid % 20_000)

/** The guard as a server runs it, with `poweroff` as the first of that name on its path. */
function guard(limits: Partial<typeof patient>, env: NodeJS.ProcessEnv = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'))
  folders.push(folder)
  const off = join(folder, 'off')
  writeFileSync(join(folder, 'poweroff'), `#!/bin/sh\ntouch ${off}\n`)
  chmodSync(join(folder, 'poweroff'), 0o755)
  port += 1
  const config = {
    ...{ lease: 'lease-0123456789ab', environment: 'customer-a', owner: 'ada', region: 'eu-west-1', logGroup: 'g' },
    ...{ devices: { lo: 'udp' }, serverAddress: '127.0.0.1', clientAddress: '127.0.0.1', port, ...patient, ...limits },
  }
  const child = spawn('python3', [program, JSON.stringify(config)], {
    env: { ...process.env, ...env, PATH: `${folder}:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  return { child, port, ended: once(child, 'close').then(() => ({ off: existsSync(off), said })) }
}

describe('the guard powers the server off', () => {
  test.concurrent.for([
    ['when nobody came', { firstHandshake: 1 }, 'never-connected'],
    ['when its time is up', { ttl: 1 }, 'time-to-live'],
    ['when nothing is passed on', { idle: 1 }, 'idle'],
  ] as const)('%s', async ([, limits, reason], { expect: expects }) => {
    const { off, said } = await guard(limits).ended
    expects(off).toBe(true)
    expects(said).toContain(`ending: ${reason}`)
  })

  test('when its client says so, and answers that it does; a log that is out of reach delays it and no more', async () => {
    const { port: door, ended, child } = guard({})
    await once(child.stdout, 'data')
    const socket = createSocket('udp4')
    socket.send('alive', door, '127.0.0.1')
    const [alive]: Buffer[] = await once(socket, 'message')
    expect(JSON.parse(String(alive))).toMatchObject({ ending: false })
    socket.send('down', door, '127.0.0.1')
    const [down]: Buffer[] = await once(socket, 'message')
    expect(JSON.parse(String(down))).toMatchObject({ ending: true })
    socket.close()
    const { off, said } = await ended
    expect(off).toBe(true)
    expect(said).toContain('ending: client-disconnect')
  }, 30_000)
})

test('the guard answers while its log is slow', async () => {
  const silent = createServer()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const metadata = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`
  const { port: door, child, ended } = guard({}, { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata })
  await once(child.stdout, 'data')
  const socket = createSocket('udp4')
  socket.send('alive', door, '127.0.0.1')
  await once(socket, 'message')
  const [asked]: Socket[] = await once(silent, 'connection')
  asked?.resume()
  socket.send('alive', door, '127.0.0.1')
  await once(socket, 'message')
  // It still waits for what it asked.
  expect(asked?.readableEnded).toBe(false)
  socket.close()
  silent.close()
  asked?.destroy()
  child.kill()
  await ended
})
