import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { speakAsOpenvpn } from '../../test/fixtures/openvpn-management.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { meetByManagement } from './meet-by-management.ts'
import type { Step } from './plan.ts'

let folder: string
const closers: (() => void)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'management-'))
})
afterEach(() => {
  for (const close of closers.splice(0)) close()
  rmSync(folder, { recursive: true, force: true })
})

const WITHIN_MS = 20_000
const NEVER = Number.POSITIVE_INFINITY

async function openvpn(transport: 'udp' | 'tcp', answersAttempt = 1) {
  const program = await speakAsOpenvpn(join(folder, `${transport}.sock`), { answersAttempt })
  closers.push(program.close)
  return program
}

/** A port of this machine that nobody listens at, or that somebody does. */
async function port(open: boolean): Promise<number> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (open) closers.push(() => server.close())
  else await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

async function meet({ tcpOpen = false, attempt = async (_: Step) => {}, signal = new AbortController().signal } = {}) {
  const handshake = {
    by: 'management' as const,
    sockets: { udp: join(folder, 'udp.sock'), tcp: join(folder, 'tcp.sock') },
    server: { host: '127.0.0.1', port: await port(tcpOpen) },
    overTcp: [{ tries: [['start', 'tcp']] }],
  }
  return meetByManagement(handshake, { clock: systemClock, attempt }, systemClock.now() + WITHIN_MS, signal)
}

test('an attempt that nobody answers is begun anew, and once connected OpenVPN is left to itself', async () => {
  const udp = await openvpn('udp', 4)
  expect(await meet()).toBe(true)
  expect(udp.said.filter((command) => command === 'signal SIGUSR1')).toHaveLength(3)
  await expect.poll(() => udp.said.at(-1)).toBe('hold off')
})

test('a program that opens its socket late is waited for', async () => {
  const met = meet()
  await new Promise((resolve) => setTimeout(resolve, 100))
  await openvpn('udp')
  expect(await met).toBe(true)
})

test('a server whose TCP port is open and whose UDP port is silent is met by TCP', async () => {
  const udp = await openvpn('udp', NEVER)
  const steps: Step[] = []
  const met = await meet({
    tcpOpen: true,
    async attempt(step) {
      steps.push(step)
      await openvpn('tcp')
    },
  })
  expect(met).toBe(true)
  expect(steps).toEqual([{ tries: [['start', 'tcp']] }])
  expect(udp.attempts()).toBeGreaterThan(2)
})

test('an attempt that began before the server was there is begun anew as soon as its TCP port opens', async () => {
  const udp = await openvpn('udp', 2)
  let looks = 0
  // A look takes a millisecond of this clock, and at least one of the machine's: the server opens long before any patience is over.
  const clock: Clock = {
    now: () => looks,
    async sleep() {
      await sleep(1)
      looks += 1
    },
  }
  const server = { host: '127.0.0.1', port: await port(false) }
  const handshake = {
    by: 'management' as const,
    sockets: { udp: join(folder, 'udp.sock'), tcp: '' },
    server,
    overTcp: [],
  }
  const never = new AbortController().signal
  const met = meetByManagement(handshake, { clock, async attempt() {} }, NEVER, never)
  await expect.poll(() => udp.attempts()).toBe(1)
  const door = createServer((socket) => socket.destroy()).listen(server.port, server.host)
  closers.push(() => door.close())
  expect(await met).toBe(true)
  expect(looks).toBeLessThan(350)
})

test('OpenVPN that gives up is an error with its own reason', async () => {
  const udp = await openvpn('udp', NEVER)
  const met = meet()
  await expect.poll(() => udp.attempts()).toBeGreaterThan(0)
  udp.die('Cannot open TUN/TAP dev')
  await expect(met).rejects.toMatchObject({
    code: 'NETCONF_STEP_FAILED',
    message: expect.stringContaining('Cannot open TUN/TAP dev'),
  })
})

test('whoever is interrupted stops at once', async () => {
  const udp = await openvpn('udp', NEVER)
  const stop = new AbortController()
  const met = meet({ signal: stop.signal })
  await expect.poll(() => udp.attempts()).toBeGreaterThan(0)
  stop.abort(new Error('interrupted'))
  await expect(met).rejects.toThrow('interrupted')
})
