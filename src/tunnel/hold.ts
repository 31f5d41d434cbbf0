import type { Clock } from '../kernel/clock.ts'
import { describe } from './launch.ts'
import type { OpenTunnel } from './open-tunnel.ts'

export type HoldEnd = 'asked' | 'time-to-live' | 'server-lost'

const LOOK_MS = 500
/** The server answers every 2 s: after one answer missed AWS is asked, whose answer also says that the internet is there. */
const ASK_AFTER_MS = 3_000
const ASK_EVERY_MS = 2_000
/** Of a server that AWS takes for running. */
const SILENT_MS = 10_000
/** While AWS answered all the time: an engine needs up to 5 s to find its server again after the network was away. */
const HEARD_AWS_MS = 7_000
/** A longer time between two looks: this machine slept, or its clock was set. */
const SLEPT_MS = 5_000

/** How long the server has been silent as far as this machine was awake, and for how long AWS has answered meanwhile. */
type Silence = { ms: number; askedAt: number; heardAwsMs: number }
const none: Silence = { ms: 0, askedAt: 0, heardAwsMs: 0 }

type Held = Pick<OpenTunnel, 'link' | 'lease' | 'instanceId'> & {
  /** Its state as AWS gives it; fails while AWS cannot be asked. */
  stateOf(): Promise<string | undefined>
}

/** Watches an open tunnel until it is asked to end, its time is up, or its server is gone: AWS says so, or it alone is silent. */
export async function hold({ ec2, ...tunnel }: OpenTunnel, clock: Clock, signal: AbortSignal): Promise<HoldEnd> {
  const stateOf = async () => (await describe(ec2, tunnel.instanceId))?.State?.Name
  return watch({ ...tunnel, stateOf }, clock, signal)
}

export async function watch({ link, lease, stateOf }: Held, clock: Clock, signal: AbortSignal): Promise<HoldEnd> {
  let heardAt = link.heardAt()
  let lookedAt = clock.now()
  let silence = none
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal).catch(() => undefined)
    const now = clock.now()
    const passed = now - lookedAt
    lookedAt = now
    if (link.heardAt() !== heardAt || passed < 0 || passed > SLEPT_MS) {
      heardAt = link.heardAt()
      silence = none
      continue
    }
    silence = { ...silence, ms: silence.ms + passed }
    if (silence.ms < ASK_AFTER_MS || silence.ms - silence.askedAt < ASK_EVERY_MS) continue
    const since = silence.askedAt === 0 ? 0 : silence.ms - silence.askedAt
    const state = await stateOf().catch(() => 'unknown')
    lookedAt = clock.now()
    // No answer from AWS either: the network is away, and the server waits for its grace.
    const heardAwsMs = state === 'unknown' ? 0 : silence.heardAwsMs + since
    silence = { ms: silence.ms, askedAt: silence.ms, heardAwsMs }
    if (state === 'unknown' || signal.aborted) continue
    const gone = !['pending', 'running'].includes(state ?? '')
    if (gone && now >= (link.until() ?? lease.until)) return 'time-to-live'
    if (gone || (silence.ms >= SILENT_MS && heardAwsMs >= HEARD_AWS_MS)) return 'server-lost'
  }
  return 'asked'
}
