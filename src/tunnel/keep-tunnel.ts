import { type CodedError, isCoded } from '../kernel/errors.ts'
import { type HoldEnd, hold } from './hold.ts'
import { type OpenTunnel, openTunnel, type TunnelParts, type TunnelWish } from './open-tunnel.ts'

/** After the first failure to replace a server; twice as long after each further one. */
const WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000

export type Watcher = {
  opened(tunnel: OpenTunnel): void
  lost(tunnel: OpenTunnel): void
  /** It is tried again after so long. */
  failed(error: CodedError, waitMs: number): void
}

/**
 * Opens a tunnel and holds it to its end. A server that dies before is replaced, in another subnet first, which stands in another zone; what is
 * leased, and until when, stays what it was. What a later attempt may mend is tried until the lease is over.
 */
export async function keepTunnel(
  parts: TunnelParts,
  wish: TunnelWish,
  signal: AbortSignal,
  watcher: Watcher,
): Promise<HoldEnd> {
  const { clock, step } = parts
  let tunnel = await openTunnel(parts, wish, signal)
  let { network } = wish
  const lost: OpenTunnel[] = []
  let settling = Promise.resolve()
  for (;;) {
    watcher.opened(tunnel)
    const held = tunnel
    const end = await hold(held, clock, signal)
    if (end !== 'server-lost') {
      await step('closed', () => held.close(end))
      await settling
      await closeLost()
      return end
    }
    watcher.lost(held)
    lost.push(held)
    const until = held.link.until() ?? held.lease.until
    // What fails of it here comes again when the device is gone.
    const ending = settling.then(() => held.endServer(end)).catch(() => undefined)
    try {
      tunnel = await persist(until, () => {
        network = inAnotherZone(network)
        const { device, lease } = held
        const again = { ...wish, network, to: lease.leased, ttl: until - clock.now(), replaces: device }
        return openTunnel(parts, again, signal)
      })
    } catch (error) {
      await ending
      await closeLost().catch(() => undefined)
      throw error
    }
    settling = ending.then(closeLost).catch(() => undefined)
  }

  /** Their servers are gone; what AWS could not be told stays in the journal until the tunnel ends. */
  async function closeLost(): Promise<void> {
    for (const one of [...lost]) {
      await one.close('server-lost')
      lost.splice(lost.indexOf(one), 1)
    }
  }

  async function persist<T>(until: number, work: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await work()
      } catch (error) {
        const waitMs = Math.min(WAIT_MS * 2 ** failures, LONGEST_WAIT_MS)
        if (!(isCoded(error) && error.retryable) || clock.now() + waitMs > until) throw error
        watcher.failed(error, waitMs)
        await clock.sleep(waitMs, signal)
      }
    }
  }
}

function inAnotherZone({ subnets: [first = '', ...others], ...network }: TunnelWish['network']): TunnelWish['network'] {
  return { ...network, subnets: [...others, first] }
}
