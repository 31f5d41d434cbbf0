import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Fault } from '../../lab/aws/doors.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { keepTunnel } from '../../src/tunnel/keep-tunnel.ts'
import { openTunnel } from '../../src/tunnel/open-tunnel.ts'
import { openStage } from './stage.ts'

let stage: Awaited<ReturnType<typeof openStage>>
beforeAll(async () => {
  stage = await openStage()
}, 60_000)
afterEach(() => stage.aws.lab.setFaults([]))
afterAll(() => stage.close())

/** Twenty times as fast as the world's. */
const FASTER = 20
const begun = Date.now()
const clock: Clock = {
  now: () => begun + (Date.now() - begun) * FASTER,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms / FASTER)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    }),
}

const refused = (code: string, status: number, count?: number): Fault => ({
  action: 'RunInstances',
  code,
  status,
  ...(count !== undefined && { count }),
})

/** A tunnel whose first server is terminated while AWS does that to launches; it is asked to end once it is replaced. */
async function loseServer(faults: Fault[], ttl?: number) {
  const machine = stage.laptop({})
  const stop = new AbortController()
  const servers: string[] = []
  const said: string[] = []
  const waits: number[] = []
  const watcher = {
    opened({ instanceId }: { instanceId: string }) {
      servers.push(instanceId)
      if (servers.length === 1) void lose(instanceId)
      else stop.abort()
    },
    lost: ({ instanceId }: { instanceId: string }) => void said.push(`lost ${servers.indexOf(instanceId)}`),
    failed({ code }: { code: string }, waitMs: number) {
      said.push(code)
      waits.push(waitMs)
    },
  }
  async function lose(instanceId: string): Promise<void> {
    await stage.aws.lab.setFaults(faults)
    await stage.aws.lab.setInstanceState(instanceId, 'terminated')
  }
  /** How many devices had the networks after each change. */
  const devices: number[] = []
  const door: typeof machine.parts.door = {
    async apply(document) {
      const answer = await machine.parts.door.apply(document)
      devices.push(machine.devices.size)
      return answer
    },
  }
  const end = await keepTunnel({ ...machine.parts, clock, door }, { ...stage.wish, ttl }, stop.signal, watcher).catch(
    (error: { code?: string }) => error.code,
  )
  const left = {
    running: (await stage.aws.lab.instances()).filter(({ state }) => state === 'running' || state === 'pending').length,
    leases: (await machine.onDisk.list()).entries.length,
    devices: machine.devices.size,
  }
  const leases = Map.groupBy(machine.trail, ({ session }) => session)
  const kinds = [...leases.values()]
    .map((one) => one.map(({ kind }) => kind.slice('tunnel.'.length)).join())
    .join(' / ')
  machine.remove()
  return { end, said, waits, servers: servers.length, kinds, left, devices }
}

const nothing = { running: 0, leases: 0, devices: 0 }
const first = 'launched,connected,disconnected,ended'

test('a failed replacement is tried again, each time after a longer wait, until there is one', async () => {
  // An attempt tries four places.
  expect(await loseServer([refused('InsufficientInstanceCapacity', 400, 8)])).toEqual({
    end: 'asked',
    said: ['lost 0', 'TUNNEL_NO_CAPACITY', 'TUNNEL_NO_CAPACITY'],
    waits: [1_000, 2_000],
    servers: 2,
    kinds: `${first} / ${first}`,
    left: nothing,
    // The lost one keeps the networks until the next has them: no packet for them takes another way.
    devices: [1, 2, 1, 0],
  })
}, 60_000)

test('what no later attempt mends ends it with its code, and nothing is left', async () => {
  expect(await loseServer([refused('UnauthorizedOperation', 403)])).toEqual({
    end: 'TUNNEL_AWS_DENIED',
    said: ['lost 0'],
    waits: [],
    servers: 1,
    kinds: first,
    left: nothing,
    devices: [1, 0],
  })
}, 60_000)

test('it is given up when the lease is over, with the last reason', async () => {
  const { waits, ...rest } = await loseServer([refused('VcpuLimitExceeded', 400)], 60_000)
  expect(rest).toEqual({
    end: 'TUNNEL_QUOTA',
    said: ['lost 0', ...waits.map(() => 'TUNNEL_QUOTA')],
    servers: 1,
    kinds: first,
    left: nothing,
    devices: [1, 0],
  })
  expect(waits.length).toBeGreaterThan(1)
}, 60_000)

const closed = ['RunInstances', 'DescribeInstances', 'TerminateInstances'].map((action) => ({
  ...{ action, code: 'UnauthorizedOperation', status: 403 },
}))

test('a region that is closed to us while we hold a server in it: the code says so, the journal keeps the server', async () => {
  expect(await loseServer(closed)).toMatchObject({
    end: 'TUNNEL_AWS_DENIED',
    said: ['lost 0'],
    kinds: 'launched,connected,disconnected',
    left: { running: 0, leases: 1, devices: 0 },
  })
}, 60_000)

test('the server alone can end it: it is told again when AWS refuses, while its way is still there', async () => {
  const machine = stage.laptop({})
  const devicesWhenTold: number[] = []
  const openLink: typeof machine.parts.openLink = (...args) => ({
    ...machine.parts.openLink(...args),
    // Hard of hearing.
    sayDown: async () => devicesWhenTold.push(machine.devices.size) === 2,
  })
  const tunnel = await openTunnel({ ...machine.parts, openLink }, stage.wish, machine.signal)
  await stage.aws.lab.setFaults(closed)
  await tunnel.close('asked')
  expect(devicesWhenTold).toEqual([1, 1])
  expect(machine.devices.size).toBe(0)
  expect(machine.trail.at(-1)).toMatchObject({ kind: 'tunnel.ended', data: { reason: 'asked', toldBy: 'server' } })
  expect((await machine.onDisk.list()).entries).toEqual([])
  await stage.aws.lab.setInstanceState(tunnel.instanceId, 'terminated')
  machine.remove()
}, 60_000)
