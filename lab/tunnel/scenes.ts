import type { LabInstance } from '../aws/doors.ts'
import { run } from '../world/commands.ts'
import type { Steps } from '../world/report.ts'
import { allow, deviceOf } from './engines.ts'
import type { Laptop } from './laptop.ts'
import { answers, expectEqual, gone, insideOf, isOpen, phases, refusals, until } from './probes.ts'
import { endsWell, type RunningUp, startUp } from './running-up.ts'
import { launchTarget, type TunnelJourneyOptions, type TunnelWorld } from './tunnel-world.ts'

/** What may befall a tunnel while it is held; each scene opens its own and ends it. */
export type Scene = (steps: Steps, options: TunnelJourneyOptions, world: TunnelWorld, laptop: Laptop) => Promise<void>

const open = (steps: Steps, laptop: Laptop, ...args: string[]): Promise<RunningUp> =>
  steps.step(
    ['up', ...args].join(' '),
    () => startUp(laptop, ['lab', ...args]),
    ({ lines }) => phases(lines),
  )

const serverOf = ({ connected }: RunningUp): string => String(connected['instanceId'])

/** The server passes on what goes to that port of that host, whatever the laptop's own routes and keys admit. */
export const onePort: Scene = async (steps, options, { peer }, laptop) => {
  const { step } = steps
  const { engine, hosts, lab, organisation } = options
  const neighbour = await step('another host in the peered VPC', () =>
    launchTarget(options, organisation.accounts['workload-1']),
  )
  const up = await open(steps, laptop, '--to', `${peer.privateIp}:3389`)
  const server = await lab.instance(serverOf(up))
  const device = deviceOf(up)
  await step('its one port answers', async () =>
    expectEqual(await isOpen(laptop, peer.privateIp, 3389), true, 'port 3389'),
  )
  const isRefused = async (target: LabInstance, port: number) => {
    const before = await refusals(hosts, server)
    expectEqual(await isOpen(laptop, target.privateIp, port), false, `${target.privateIp}:${port}`)
    expectEqual((await refusals(hosts, server)) > before, true, `${target.privateIp}:${port} refused by the server`)
  }
  await step('no other port of that host, nor that port of another: the server refuses them', async () => {
    await isRefused(peer, 22)
    const address = neighbour.privateIp ?? ''
    await allow(engine, laptop, device, address)
    await laptop.run('ip', 'route', 'add', `${address}/32`, 'dev', device)
    await isRefused(neighbour, 3389)
  })
  await step('the server learns from its own tag that its end was moved', async () => {
    await laptop.cli(['extend', 'lab', '2h'])
    const wanted = Date.now() / 1000 + 7_200
    const inside = await insideOf(laptop, device)
    await until('later end', async () => Math.abs((await endOf(laptop, inside)) - wanted) < 60, 45_000)
  })
  await step('down', () => laptop.cli(['down', 'lab']))
  await up.ended
  await gone(lab, server.id)
}

/** What the server says its end is, s since 1970; NaN when it says nothing, as it may while it asks for its tag. */
async function endOf(laptop: Laptop, inside: string): Promise<number> {
  const ask = `import json, socket
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.settimeout(2)
door.sendto(b"alive", ("${inside}", 51821))
try: print(json.loads(door.recv(512))["until"])
except TimeoutError: print("nan")`
  return Number(await laptop.run('python3', '-c', ask))
}

/** Law 8: how the server is lost, and how soon another stands in its place. */
export const replaced =
  (how: 'terminated' | 'silent'): Scene =>
  async (steps, { lab, hosts }, { peer }, laptop) => {
    const { step } = steps
    const up = await open(steps, laptop)
    const server = serverOf(up)
    const lost = await lab.instance(server)
    await step(`its server is ${how}`, async () => {
      if (how === 'terminated') await lab.setInstanceState(server, 'terminated')
      // Its machine is dead, and EC2 does not know yet.
      else await hosts.find(server)?.takeDown()
    })
    const again = await step('another server takes its place', () => nextConnect(up), phasesAfterLoss(up))
    await step('the same networks, another zone, and the peered host answers', async () => {
      expectEqual(String(again['leased']), String(up.connected['leased']), 'leased')
      const now = await lab.instance(String(again['instanceId']))
      expectEqual(now.zone === lost.zone, false, 'the same zone')
      await answers(laptop, peer)
    })
    await step('the lost server is terminated', () => gone(lab, server))
    await step('one disconnect and one connect more in the trail', async () => {
      const trail = await trailOf(laptop)
      const leases = [up.connected, again].map(({ lease }) => String(lease))
      expectEqual(
        leases.map((lease) => trail.get(lease)?.join()).join(' / '),
        'launched,connected,disconnected,ended / launched,connected',
        'trail',
      )
    })
    await laptop.cli(['down', 'lab'])
    await up.ended
    await gone(lab, String(again['instanceId']))
  }

/** The laptop is away for longer than the server takes for a lost connection, and not longer than its grace. */
export const away =
  (how: 'asleep' | 'without a network', ms: number): Scene =>
  async (steps, { lab }, { peer }, laptop) => {
    const { step } = steps
    const up = await open(steps, laptop)
    await step(`the laptop is ${how} for ${ms / 1000} s`, async () => {
      await leave(laptop, how)
      await new Promise((resolve) => setTimeout(resolve, ms))
      await comeBack(laptop, how)
    })
    await step('the same server takes it up again', async () => {
      await until('answer', () => isOpen(laptop, peer.privateIp, 22))
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      await answers(laptop, peer)
      expectEqual(up.lines.filter(({ event }) => event === 'replacing').length, 0, 'replacements')
    })
    await laptop.cli(['down', 'lab'])
    await up.ended
    await gone(lab, serverOf(up))
  }

async function leave(laptop: Laptop, how: 'asleep' | 'without a network'): Promise<void> {
  if (how === 'asleep') await signalAll(laptop, 'SIGSTOP')
  else await laptop.setOnline(false)
}

async function comeBack(laptop: Laptop, how: 'asleep' | 'without a network'): Promise<void> {
  if (how === 'asleep') await signalAll(laptop, 'SIGCONT')
  else await laptop.setOnline(true)
}

/** Who holds the tunnel and the engine that carries it: nothing of a laptop runs on while it sleeps. */
async function signalAll({ name }: Laptop, signal: NodeJS.Signals): Promise<void> {
  const pids = (await run('ip', ['netns', 'pids', name])).trim().split('\n').map(Number)
  for (const pid of pids) process.kill(pid, signal)
}

/** Two `up` into one environment, begun together: one has it, the other is refused by a code, and there is one server. */
export const raced: Scene = async ({ step }, { lab }, { peer }, laptop) => {
  const up = await step('two up at once: one has it, the other is refused', async () => {
    const both = await Promise.allSettled([startUp(laptop, ['lab']), startUp(laptop, ['lab'])])
    const [opened, more] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = both.map((one) => (one.status === 'rejected' ? String(one.reason) : '')).join('')
    if (!opened || more) throw new Error(`not one of two was opened\n${refused}`)
    expectEqual(/up ended with (\d+)/.exec(refused)?.[1], '1', 'exit code of the other')
    expectEqual(/"code":"([A-Z_]+)"/.exec(refused)?.[1], 'TUNNEL_OPEN_ALREADY', 'code of the other')
    return opened
  })
  const owner = (await lab.instance(serverOf(up))).tags['enchilada:owner']
  await step('there is one server, and it leads to the peered host', async () => {
    const servers = (await lab.instances()).filter(
      ({ state, tags }) => state === 'running' && tags['enchilada:owner'] === owner,
    )
    expectEqual(servers.map(({ id }) => id).join(), serverOf(up), 'servers')
    await answers(laptop, peer)
  })
  await laptop.cli(['down', 'lab'])
  await endsWell(up)
  await gone(lab, serverOf(up))
}

async function nextConnect(up: RunningUp) {
  const connects = () => up.lines.filter(({ event }) => event === 'connected')
  await until('second server', async () => connects().length === 2, 120_000)
  return connects()[1] ?? up.connected
}

const phasesAfterLoss = (up: RunningUp) => () =>
  phases(up.lines.slice(up.lines.findIndex(({ event }) => event === 'connected')))

/** Kinds of its records without `tunnel.`, by lease, in their order. */
async function trailOf(laptop: Laptop): Promise<Map<string, string[]>> {
  const text = await laptop.run('find', laptop.home, '-name', '*.jsonl', '-exec', 'cat', '{}', '+')
  const kinds = new Map<string, string[]>()
  for (const line of text.split('\n').filter(Boolean)) {
    const { session = '', kind }: { session?: string; kind: string } = JSON.parse(line)
    if (kind.startsWith('tunnel.')) kinds.set(session, [...(kinds.get(session) ?? []), kind.slice('tunnel.'.length)])
  }
  return kinds
}
