import type { Clock } from '../kernel/clock.ts'
import { describe } from './launch.ts'
import type { OpenTunnel } from './open-tunnel.ts'

export type HoldEnd = 'asked' | 'time-to-live' | 'server-lost'

/** A server that was silent for so long may be gone: AWS is asked. A laptop that slept hears it again before that. */
const SILENT_MS = 10_000
const LOOK_MS = 1_000
const ASK_AWS_EVERY_MS = 5_000

/** Watches an open tunnel until it is asked to end, its time is up, or AWS says that the server is gone. */
export async function hold(
  { link, lease, ec2, instanceId }: OpenTunnel,
  clock: Clock,
  signal: AbortSignal,
): Promise<HoldEnd> {
  const begun = clock.now()
  let asked = begun
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal).catch(() => undefined)
    const now = clock.now()
    if (now - (link.heardAt() ?? begun) < SILENT_MS || now - asked < ASK_AWS_EVERY_MS) continue
    asked = now
    // No answer from AWS either: the network is away, and the server waits for its grace.
    const instance = await describe(ec2, instanceId).catch(() => 'unknown' as const)
    if (instance === 'unknown' || ['pending', 'running'].includes(instance?.State?.Name ?? '')) continue
    return now >= (link.until() ?? lease.until) ? 'time-to-live' : 'server-lost'
  }
  return 'asked'
}
