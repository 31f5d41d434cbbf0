import type { Steps } from '../world/report.ts'
import { engines } from '../world/settings.ts'
import { bareEngineOf, measureBytes } from './beside-bare.ts'
import { measureDeath, measureLoss } from './figures-of-loss.ts'
import type { Laptop } from './laptop.ts'
import { gone } from './probes.ts'
import { type Add, launchedAt, openTunnel, readyAt, recordAfter, serverOf } from './samples.ts'
import { signInOn } from './sign-in.ts'
import { makeTunnelWorld, type TunnelJourneyOptions, type TunnelWorld } from './tunnel-world.ts'

export type Figures = Record<string, number[]>

/** Calls that EC2 and STS took from the laptop before RunInstances: an `up` whose launch is refused goes no further. */
async function callsBeforeLaunch({ engine, lab }: TunnelJourneyOptions, laptop: Laptop): Promise<number> {
  await lab.resetStats()
  await lab.setFaults([{ action: 'RunInstances', code: 'UnauthorizedOperation', status: 403 }])
  await laptop.cli(['up', 'lab', '--engine', engine, '--json']).catch(() => '')
  await lab.setFaults([])
  const { calls } = await lab.stats()
  // Once it is refused, `up` looks whether there is a server all the same.
  const theirs = ['RunInstances', 'DescribeInstances', 'TerminateInstances']
  return calls
    .filter(({ service, action }) => ['ec2', 'sts'].includes(service) && !theirs.includes(action))
    .reduce((sum, { calls: count }) => sum + count, 0)
}

const LOSSES = 3
/** Ten seconds of each are waited for; what comes after them is what is measured. */
const SILENCES = 2
/** A pair takes a second or two, and its two rates differ by a tenth for no reason: 200 tell 0.97 from 1. */
const PAIRS_A_ROUND = 20

/** Of each engine in turn: what is measured, by engine and name. */
export async function takeFigures(steps: Steps, options: TunnelJourneyOptions, rounds: number): Promise<Figures> {
  const world = await makeTunnelWorld(steps, options)
  const figures: Figures = {}
  for (const [at, engine] of engines.entries()) {
    const laptop = await world.makeLaptop(at + 1, undefined)
    const add: Add = (name, ...values) => {
      const key = `${engine} ${name}`
      figures[key] = [...(figures[key] ?? []), ...values]
    }
    try {
      const step: Steps['step'] = (name, ...more) => steps.step(`${engine}: ${name}`, ...more)
      await measureEngine(step, { ...options, engine }, world, { laptop, rounds, add })
    } finally {
      laptop.stop()
    }
  }
  return figures
}

type Measuring = { laptop: Laptop; rounds: number; add: Add }

/** Tunnels one after the other, each step of them timed from outside; at last one beside the bare engine. */
async function measureEngine(
  step: Steps['step'],
  options: TunnelJourneyOptions,
  world: TunnelWorld,
  { laptop, rounds, add }: Measuring,
): Promise<void> {
  await step('login in Chromium', () => signInOn(laptop, 'ada', options.signIn))
  add('callsCold', await step('calls of a first run', () => callsBeforeLaunch(options, laptop)))
  for (let round = 0; round < rounds; round += 1) {
    await step(`round ${round + 1}`, () => measureOne(options, world, laptop, add))
  }
  add('callsWarm', await step('calls of a later run', () => callsBeforeLaunch(options, laptop)))
  for (let loss = 0; loss < Math.min(rounds, LOSSES); loss += 1) {
    await step('a server is terminated', () => measureLoss('terminated', options, laptop, add))
  }
  for (let loss = 0; loss < Math.min(rounds, SILENCES); loss += 1) {
    await step('a server is silent', () => measureLoss('silent', options, laptop, add))
  }
  await step('a laptop dies', () => measureDeath(options, world, laptop, add))
  await step('the stock client', async () => {
    const { stockLag } = bareEngineOf(options.engine)
    add('stockLag', ...(await Promise.all(Array.from({ length: rounds }, (_, n) => stockLag(laptop, n)))))
  })
  await step('bytes, beside the bare engine', () => measureBytes(options, world, laptop, rounds * PAIRS_A_ROUND, add))
}

async function measureOne(options: TunnelJourneyOptions, world: TunnelWorld, laptop: Laptop, add: Add): Promise<void> {
  const begun = Date.now()
  const up = await openTunnel(options, laptop)
  await laptop.run('ping', '-c', '1', '-W', '5', world.peer.privateIp ?? '')
  const answered = Date.now()
  const { at } = up.connected
  const ready = readyAt(options, serverOf(up))
  const before = launchedAt(up.lines) - begun
  add('overhead', before + (at - ready))
  add('firstPacket', before + (answered - ready))
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
