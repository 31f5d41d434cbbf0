import { isDenied, isExpiredSession } from '../aws/error-sets.ts'
import type { Clock } from '../kernel/clock.ts'
import { describe } from './launch.ts'
import type { OpenTunnel } from './open-tunnel.ts'

export type HoldEnd = 'asked' | 'time-to-live' | 'server-lost'

const LOOK_MS = 100
/** The server answers every 0.25 s: after two answers missed AWS is asked, whose answer also says that the internet is there. */
const ASK_AFTER_MS = 550
const ASK_EVERY_MS = 1_000
/** Of a server that AWS takes for running. */
const SILENT_MS = 10_000
/** While AWS answered all the time: an engine needs up to 5 s to find its server again after the network was away. */
const HEARD_AWS_MS = 7_000
/** An answer that took longer says that AWS is there now, and nothing of the time before. */
const PROMPT_MS = 2_000
/** A longer time between two looks: this machine slept, or its clock was set. */
const SLEPT_MS = 5_000

/** How long the server has been silent as far as this machine was awake, and for how long AWS has answered meanwhile. */
type Silence = { ms: number; askedAt: number; heardAwsMs: number }
const none: Silence = { ms: 0, askedAt: 0, heardAwsMs: 0 }

/** By the time between two looks of its clock. */
const isAwake = (ms: number): boolean => ms >= 0 && ms <= SLEPT_MS

type Held = Pick<OpenTunnel, 'link' | 'lease' | 'instanceId'> & {
  /** Its state as AWS gives it; fails while AWS cannot be asked. */
  stateOf(): Promise<string | undefined>
}

/** A refusal is an answer too: the internet is there, whatever the server's state. */
const refusal = (error: unknown) => (isDenied(error) || isExpiredSession(error) ? 'not told' : 'unknown')

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
    if (link.heardAt() !== heardAt || !isAwake(passed)) {
      heardAt = link.heardAt()
      silence = none
      continue
    }
    silence = { ...silence, ms: silence.ms + passed }
    const over = now >= (link.until() ?? lease.until)
    if (over && silence.ms >= SILENT_MS) return 'time-to-live'
    if (silence.ms < (silence.askedAt === 0 ? ASK_AFTER_MS : silence.askedAt + ASK_EVERY_MS)) continue
    const since = silence.askedAt === 0 ? 0 : silence.ms - silence.askedAt
    const state = await stateOf().catch(refusal)
    lookedAt = clock.now()
    if (state === 'unknown') {
      // No answer from AWS either: the network is away, and the server waits for its grace.
      silence = { ms: silence.ms, askedAt: silence.ms, heardAwsMs: 0 }
      continue
    }
    if (signal.aborted) continue
    const took = lookedAt - now
    const ms = silence.ms + (isAwake(took) ? took : 0)
    const heardAwsMs = silence.heardAwsMs + since + (isAwake(took) && took <= PROMPT_MS ? took : 0)
    silence = { ms, askedAt: ms, heardAwsMs }
    const gone = !['pending', 'running', 'not told'].includes(state ?? '')
    if (gone && over) return 'time-to-live'
    const isSilent = link.heardAt() === heardAt && ms >= SILENT_MS && heardAwsMs >= HEARD_AWS_MS
    if (gone || isSilent) return 'server-lost'
  }
  return 'asked'
}
