import { statSync } from 'node:fs'
import type { Steps } from '../world/report.ts'
import { bareEngine, bytesASecond, stockLags } from './bare-engine.ts'
import { deviceOf } from './engines.ts'
import type { Laptop } from './laptop.ts'
import { gone, holderOf, readRecords, until } from './probes.ts'
import { type Line, type RunningUp, startUp } from './running-up.ts'
import { makeTunnelWorld, type TunnelJourneyOptions, type TunnelWorld } from './tunnel-world.ts'

export type Figures = Record<string, number[]>

/** Calls that EC2 and STS took from the laptop before RunInstances: one `up` whose launch is refused asks for routes no more. */
async function callsBeforeLaunch({ lab }: TunnelJourneyOptions, laptop: Laptop): Promise<number> {
  await lab.resetStats()
  await lab.setFaults([{ action: 'RunInstances', code: 'UnauthorizedOperation', status: 403 }])
  await laptop.cli(['up', 'lab', '--json']).catch(() => '')
  await lab.setFaults([])
  const { calls } = await lab.stats()
  // Once it is refused, `up` looks whether there is a server all the same.
  const theirs = ['RunInstances', 'DescribeInstances', 'TerminateInstances']
  return calls
    .filter(({ service, action }) => ['ec2', 'sts'].includes(service) && !theirs.includes(action))
    .reduce((sum, { calls: count }) => sum + count, 0)
}

/** When the server's own network was ready: what its script does next is to write its guard. */
const readyAt = ({ hosts }: TunnelJourneyOptions, server: string): number =>
  statSync(hosts.find(server)?.pathOf('/usr/local/lib/enchilada/guard.py') ?? '').mtimeMs

const launchedAt = (lines: readonly Line[]): number =>
  lines.findLast(({ event, name }) => event === 'step' && name === 'server launched')?.at ?? Number.NaN

/** Tunnels one after the other, each step of them timed from outside; at last one beside the bare engine. */
export async function takeFigures(steps: Steps, options: TunnelJourneyOptions, rounds: number): Promise<Figures> {
  const { step } = steps
  const world = await makeTunnelWorld(steps, options)
  const laptop = await world.makeLaptop(1, 'ada')
  const figures: Figures = {}
  const add = (name: string, ...values: number[]) => {
    figures[name] = [...(figures[name] ?? []), ...values]
  }
  try {
    add('callsCold', await step('calls of a first run', () => callsBeforeLaunch(options, laptop)))
    for (let round = 0; round < rounds; round += 1) {
      await step(`round ${round + 1}`, () => measureOne(options, world, laptop, add))
    }
    add('callsWarm', await step('calls of a later run', () => callsBeforeLaunch(options, laptop)))
    await step('a server is lost', () => measureLoss(options, laptop, add))
    await step('a laptop dies', () => measureDeath(options, world, laptop, add))
    add('stockLag', ...(await step('the stock client', () => stockLags(laptop, rounds))))
    await step('bytes, beside the bare engine', () => measureBytes(options, world, laptop, rounds, add))
  } finally {
    laptop.stop()
  }
  return figures
}

type Add = (name: string, ...values: number[]) => void

const serverOf = ({ connected }: RunningUp): string => String(connected['instanceId'])

/** When a record of that kind can be read, ms after `since`. */
async function recordAfter(
  options: TunnelJourneyOptions,
  { vpc }: TunnelWorld,
  { connected }: RunningUp,
  kind: string,
  since: number,
): Promise<number> {
  const isThere = async () =>
    (await readRecords(options, vpc, String(connected['lease']))).some((one) => one['connection-log-type'] === kind)
  await until(`a ${kind} in the log`, isThere, 30_000, 20)
  return Date.now() - since
}

async function measureOne(options: TunnelJourneyOptions, world: TunnelWorld, laptop: Laptop, add: Add): Promise<void> {
  const begun = Date.now()
  const up = await startUp(laptop, ['lab'])
  const { at } = up.connected
  const ready = readyAt(options, serverOf(up))
  add('overhead', launchedAt(up.lines) - begun + (at - ready))
  add('boot', ready - launchedAt(up.lines))
  add('lag', at - ready)
  add('connectLogged', await recordAfter(options, world, up, 'connection-attempt', at))
  const asked = Date.now()
  await laptop.cli(['down', 'lab'])
  add('down', Date.now() - asked)
  add('disconnectLogged', await recordAfter(options, world, up, 'connection-reset', asked))
  await up.ended
  await gone(options.lab, serverOf(up))
}

/** Everything from the moment that AWS says it but the boot of the next server. */
async function measureLoss(options: TunnelJourneyOptions, laptop: Laptop, add: Add): Promise<void> {
  const up = await startUp(laptop, ['lab'])
  const lost = Date.now()
  await options.lab.setInstanceState(serverOf(up), 'terminated')
  const connects = () => up.lines.filter(({ event }) => event === 'connected')
  await until('a second server', async () => connects().length === 2, 60_000, 20)
  const [, again = up.connected] = connects()
  const boot = readyAt(options, String(again['instanceId'])) - launchedAt(up.lines)
  add('replacement', again.at - lost - boot)
  await laptop.cli(['down', 'lab'])
  await up.ended
}

async function measureDeath(options: TunnelJourneyOptions, world: TunnelWorld, laptop: Laptop, add: Add) {
  const up = await startUp(laptop, ['lab'])
  await recordAfter(options, world, up, 'connection-attempt', 0)
  process.kill(await holderOf(laptop), 'SIGKILL')
  add('deadPeerLogged', await recordAfter(options, world, up, 'connection-reset', Date.now()))
  await laptop.cli(['gc', '--json'])
  await gone(options.lab, serverOf(up))
}

async function measureBytes(
  options: TunnelJourneyOptions,
  { peer }: TunnelWorld,
  laptop: Laptop,
  rounds: number,
  add: Add,
): Promise<void> {
  const { hosts, lab } = options
  const up = await startUp(laptop, ['lab'])
  const server = await lab.instance(serverOf(up))
  const namespaceOf = (id: string) => hosts.find(id)?.namespace ?? ''
  const address = peer.privateIp ?? ''
  const bare = await bareEngine(laptop, namespaceOf(server.id), server.publicIp ?? '', address)
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, device] of [
      ['bytesASecond', deviceOf(up)],
      ['bareBytesASecond', bare.device],
    ] as const) {
      await laptop.run('ip', 'route', 'replace', `${address}/32`, 'dev', device)
      add(name, await bytesASecond(laptop, namespaceOf(peer.id), address))
    }
  }
  await laptop.run('ip', 'route', 'del', `${address}/32`)
  await bare.remove()
  await laptop.cli(['down', 'lab'])
  await up.ended
}
