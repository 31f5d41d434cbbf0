import { processStart } from '../kernel/process-start.ts'
import { type EngineName, engineNames } from '../tunnel/engines/engine.ts'
import type { Environment } from '../tunnel/environment.ts'
import { tunnelErrors } from '../tunnel/errors.ts'
import { openGuardLink } from '../tunnel/guard-link.ts'
import { isHeld } from '../tunnel/journal.ts'
import { keepTunnel } from '../tunnel/keep-tunnel.ts'
import type { OpenTunnel, TunnelParts, TunnelWish } from '../tunnel/open-tunnel.ts'
import { hourly } from '../tunnel/prices.ts'
import { environmentNamed, networkIn } from '../tunnel/read-environment.ts'
import { settle } from '../tunnel/settle.ts'
import { timeAsked } from '../tunnel/time-asked.ts'
import { type Command, type CommandContext, optionText } from './command.ts'
import { exitCodes } from './exit.ts'
import { laptopOf } from './tunnel-parts.ts'
import { createTunnelSteps } from './tunnel-steps.ts'

/** Opens a tunnel and holds it until Ctrl-C, `enchilada down`, or its time is up. */
export const up: Command = async (context) => {
  const laptop = laptopOf(context)
  const { clock, journal } = laptop
  const steps = createTunnelSteps(context, clock.now)
  const named = environmentNamed(await laptop.environments(), context.args[0] ?? '')
  const environment = { ...named, engine: engineOf(context) ?? named.engine }
  const network = networkIn(environment, optionText(context, 'region'))
  const wish: TunnelWish = { environment, network, to: toOf(context), ttl: ttlOf(context, environment) }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Stopped()))
  const trail = await laptop.openTrail()
  const parts: TunnelParts = { ...laptop, openLink: openGuardLink, trail, random: Math.random, step: steps.step }
  const letGo = await journal.claim(environment.name, { pid: process.pid, start: processStart(process.pid) })
  try {
    await parts.door.apply({ action: 'repair', engine: environment.engine })
    const { entries, torn } = await journal.list()
    if (!letGo) {
      const open = entries.find(({ lease }) => lease.environment === environment.name)
      const lease = open?.lease.id ?? 'one that is just being opened'
      throw tunnelErrors.TUNNEL_OPEN_ALREADY({ environment: environment.name, lease })
    }
    for (const file of torn) steps.say('torn', { file }, `${file} cannot be read; enchilada gc ends what it was about`)
    for (const entry of entries.filter((one) => !isHeld(one))) {
      await steps.step(`ended what ${entry.lease.id} left`, () => settle(parts, entry, 'holder-died'))
    }
    const end = await keepTunnel(parts, wish, stop.signal, { opened: announce, lost: tellLost })
    context.output.document({ ended: end, phases: steps.done() }, () => `${environment.name} is closed: ${end}`)
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    const left = (await journal.list()).entries.some(({ holder }) => holder.pid === process.pid)
    context.output.document({ ended: 'interrupted', left, phases: steps.done() }, () =>
      left
        ? 'interrupted; run enchilada gc: AWS did not confirm the end of the server'
        : 'interrupted; nothing is left',
    )
    return exitCodes.failed
  } finally {
    await letGo?.()
    await trail.close()
  }

  function tellLost({ instanceId }: OpenTunnel): void {
    steps.say('replacing', { instanceId }, `${instanceId} is gone: making another`)
  }

  function announce({ lease, instanceId, endpoint }: OpenTunnel): void {
    const perHour = hourly(environment.instanceTypes[0] ?? '')
    const details = {
      lease: lease.id,
      instanceId,
      endpoint,
      leased: lease.leased,
      until: lease.until,
      usdPerHour: perHour,
    }
    const cost = perHour === undefined ? '' : `, about ${perHour.toFixed(3)} USD an hour`
    const text = `${environment.name} is open until ${new Date(lease.until).toISOString()}${cost}: ${lease.leased.join(', ')}\nCtrl-C or "enchilada down ${environment.name}" ends it.`
    steps.say('connected', details, text)
    if (context.options['trace'] !== true) return
    const [type = ''] = environment.instanceTypes
    const about = { engine: environment.engine, region: network.region, 'first instance type': type }
    const system = `${process.platform} ${process.arch}, Node ${process.version.slice(1)}`
    process.stderr.write(`${steps.trace({ ...about, laptop: system })}\n`)
  }
}

/** Asked to end: no failure. */
class Stopped extends Error {}

const engineOf = (context: CommandContext): EngineName | undefined =>
  engineNames.find((name) => name === optionText(context, 'engine'))

const toOf = ({ options }: CommandContext): string[] => {
  const to = options['to']
  return Array.isArray(to) ? to.map(String) : []
}

function ttlOf(context: CommandContext, environment: Environment): number | undefined {
  const text = optionText(context, 'ttl')
  return text === undefined ? undefined : timeAsked(text, environment)
}
