import { isCoded } from '../kernel/errors.ts'
import { type HoldEnd, hold } from './hold.ts'
import { type OpenTunnel, openTunnel, type TunnelParts, type TunnelWish } from './open-tunnel.ts'

const TRY_AGAIN_MS = 5_000

export type Watcher = { opened(tunnel: OpenTunnel): void; lost(tunnel: OpenTunnel): void }

/**
 * Opens a tunnel and holds it to its end. A server that dies before is replaced, in another subnet first, which stands in another zone; what is
 * leased, and until when, stays what it was.
 */
export async function keepTunnel(
  parts: TunnelParts,
  wish: TunnelWish,
  signal: AbortSignal,
  watcher: Watcher,
): Promise<HoldEnd> {
  const { clock, step } = parts
  let next = wish
  let tunnel = await openTunnel(parts, next, signal)
  for (;;) {
    watcher.opened(tunnel)
    const end = await hold(tunnel, clock, signal)
    const until = tunnel.link.until() ?? tunnel.lease.until
    await step('closed', () => tunnel.close(end))
    if (end !== 'server-lost') return end
    watcher.lost(tunnel)
    next = { ...inAnotherZone(next), to: tunnel.lease.leased, ttl: until - clock.now() }
    tunnel = await replace(until)
  }

  async function replace(until: number): Promise<OpenTunnel> {
    for (;;) {
      try {
        return await openTunnel(parts, next, signal)
      } catch (error) {
        if (!(isCoded(error) && error.retryable) || clock.now() > until) throw error
        next = inAnotherZone(next)
        await clock.sleep(TRY_AGAIN_MS, signal)
      }
    }
  }
}

function inAnotherZone({ network, ...wish }: TunnelWish): TunnelWish {
  const [first = '', ...others] = network.subnets
  return { ...wish, network: { ...network, subnets: [...others, first] } }
}
