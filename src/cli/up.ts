import { systemClock } from '../kernel/clock.ts'
import { type EngineName, engineNames, loadEngine } from '../tunnel/engines/engine.ts'
import type { Environment, EnvironmentNetwork } from '../tunnel/environment.ts'
import { tunnelErrors } from '../tunnel/errors.ts'
import type { TunnelWish } from '../tunnel/open-tunnel.ts'
import { environmentNamed, networkIn } from '../tunnel/read-environment.ts'
import { readTarget } from '../tunnel/target.ts'
import { timeAsked } from '../tunnel/time-asked.ts'
import { type Command, type CommandContext, optionText } from './command.ts'
import { registryOf } from './environments-parts.ts'
import { netconfDoor } from './netconf-door.ts'
import { createTunnelSteps } from './tunnel-steps.ts'

/**
 * Opens a tunnel and holds it until Ctrl-C, `enchilada down`, or its time is up. While a process of its own looks at this machine, this one loads what speaks to
 * AWS and asks who the engineer is: either takes a quarter of a second.
 */
export const up: Command = async (context) => {
  const steps = createTunnelSteps(context, systemClock.now)
  const named = environmentNamed(await registryOf(context).all(), context.args[0] ?? '')
  const environment = { ...named, engine: engineOf(context) ?? named.engine }
  const wish = wishOf(context, environment, networkIn(environment, optionText(context, 'region')))
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  whenUnheard(() => stop.abort())
  const looked = steps.step('this machine looked at', () =>
    netconfDoor().apply({ action: 'repair', engine: environment.engine }),
  )
  const [hold] = await Promise.all([prepare(context, wish), looked])
  return hold(steps, stop.signal)
}

/** Nobody is at the other end: its reader is dead, a socket's was before it had read all, the terminal is closed. */
const UNHEARD: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET', 'EIO'])

/**
 * An error that nothing listens for would end this process in the midst of its cleanup. That nobody is at the other end ends the tunnel as SIGHUP does, which says
 * the same of a terminal: nobody holds one unseen. A log that has filled its disk says nothing of who is there.
 */
function whenUnheard(end: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if ('code' in error && UNHEARD.has(error.code)) end()
    })
  }
}

async function prepare(context: CommandContext, wish: TunnelWish) {
  const { prepareUp } = await import('./hold-up.ts')
  const [hold] = await Promise.all([prepareUp(context, wish), loadEngine(wish.environment.engine)])
  return hold
}

const engineOf = (context: CommandContext): EngineName | undefined =>
  engineNames.find((name) => name === optionText(context, 'engine'))

function toOf({ options }: CommandContext): string[] {
  const to = options['to']
  const asked = Array.isArray(to) ? to.map(String) : []
  const none = asked.find((one) => readTarget(one) === undefined)
  if (none !== undefined) throw tunnelErrors.TUNNEL_TARGET_INVALID({ target: none })
  return asked
}

function wishOf(context: CommandContext, environment: Environment, network: EnvironmentNetwork): TunnelWish {
  const { dns } = context.options
  const to = toOf(context)
  // Who leases less than the VPC is given nothing that was not named.
  return {
    environment,
    network,
    to,
    ttl: ttlOf(context, environment),
    dns: dns === undefined ? !to.length : dns === true,
  }
}

function ttlOf(context: CommandContext, environment: Environment): number | undefined {
  const text = optionText(context, 'ttl')
  return text === undefined ? undefined : timeAsked(text, environment)
}
