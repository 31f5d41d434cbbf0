import type { CodedError } from '../kernel/errors.ts'
import { processStart } from '../kernel/process-start.ts'
import { tunnelErrors } from '../tunnel/errors.ts'
import { openGuardLink } from '../tunnel/guard-link.ts'
import { isHeld } from '../tunnel/journal.ts'
import { keepTunnel } from '../tunnel/keep-tunnel.ts'
import type { OpenTunnel, TunnelParts, TunnelWish } from '../tunnel/open-tunnel.ts'
import { hourly } from '../tunnel/prices.ts'
import { settle } from '../tunnel/settle.ts'
import type { CommandContext } from './command.ts'
import { dnsInWords } from './dns-words.ts'
import { exitCodes } from './exit.ts'
import { type Laptop, laptopOf } from './tunnel-parts.ts'
import type { TunnelSteps } from './tunnel-steps.ts'

/** Everything of `up` that may go on before it is known whether this machine can be a client. */
export async function prepareUp(
  context: CommandContext,
  wish: TunnelWish,
): Promise<(steps: TunnelSteps, signal: AbortSignal) => Promise<number>> {
  const laptop = laptopOf(context)
  // Whoever cannot be signed in is told where it is needed.
  await laptop.engineer.whoAmI(wish.network.region).catch(() => undefined)
  return (steps, signal) => holdUp({ context, wish, laptop, steps, signal })
}

type Up = { context: CommandContext; wish: TunnelWish; laptop: Laptop; steps: TunnelSteps; signal: AbortSignal }

async function holdUp({ context, wish, laptop, steps, signal }: Up): Promise<number> {
  const { environment, network } = wish
  const { journal } = laptop
  const trail = await laptop.openTrail()
  const parts: TunnelParts = { ...laptop, openLink: openGuardLink, trail, random: Math.random, step: steps.step }
  const letGo = await journal.claim(environment.name, { pid: process.pid, start: processStart(process.pid) })
  try {
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
    const end = await keepTunnel(parts, wish, signal, { opened: announce, lost: tellLost, failed: tellFailed })
    steps.finish({ ended: end }, `${environment.name} is closed: ${end}`)
    return exitCodes.ok
  } catch (error) {
    // Asked to end: no failure.
    if (error !== signal.reason) throw error
    const left = (await journal.list()).entries.some(({ holder }) => holder.pid === process.pid)
    const text = left
      ? 'interrupted; run enchilada gc: AWS did not confirm the end of the server'
      : 'interrupted; nothing is left'
    steps.finish({ ended: 'interrupted', left }, text)
    return exitCodes.failed
  } finally {
    await letGo?.()
    await trail.close()
  }

  function tellLost({ instanceId }: OpenTunnel): void {
    steps.say('replacing', { instanceId }, `${instanceId} is gone: making another`)
  }

  function tellFailed({ code, message }: CodedError, waitMs: number): void {
    steps.say('retrying', { code, message, waitMs }, `${message} (${code}); again in ${Math.round(waitMs / 1000)} s`)
  }

  function announce({ lease, instanceId, endpoint, dns, warnings }: OpenTunnel): void {
    const perHour = hourly(environment.instanceTypes[0] ?? '')
    const details = {
      lease: lease.id,
      instanceId,
      endpoint,
      leased: lease.leased,
      until: lease.until,
      usdPerHour: perHour,
      dns: dns ?? null,
    }
    const cost = perHour === undefined ? '' : `, about ${perHour.toFixed(3)} USD an hour`
    const text = `${environment.name} is open until ${new Date(lease.until).toISOString()}${cost}: ${lease.leased.join(', ')}\nCtrl-C or "enchilada down ${environment.name}" ends it.`
    steps.say('connected', details, dns ? `${text}\nNames: ${dnsInWords(dns)}` : text)
    for (const warning of warnings) {
      steps.say('warning', warning, `${warning.message} (${warning.code})\n  ${warning.hint}`)
    }
    if (context.options['trace'] !== true) return
    const [type = ''] = environment.instanceTypes
    const about = { engine: environment.engine, region: network.region, 'first instance type': type }
    const system = `${process.platform} ${process.arch}, Node ${process.version.slice(1)}`
    process.stderr.write(`${steps.trace({ ...about, laptop: system })}\n`)
  }
}
