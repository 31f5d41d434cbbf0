import { type AlarmClock, steady } from '../../kernel/clock.ts'
import type { SessionEndReason } from '../../model/session.ts'
import type { ChannelMessage } from '../channel.ts'

/** How long before an end the person is told; half of a short idle time. */
const WARN_MS = 60_000

export type Limits = {
  /** A key was pressed. */
  touch(): void
  /** The browser left: the grace time begins. */
  left(): void
  /** A browser is there again. */
  back(): void
  stop(): void
}

/** Watches idle, absolute and grace time of one session; asks the clock again after each sleep. */
export function startLimits(options: {
  idle: number
  absolute: number
  grace: number
  startedAt: number
  clock: AlarmClock
  warn(message: Extract<ChannelMessage, { type: 'warning' }>): void
  end(reason: SessionEndReason): Promise<void>
}): Limits {
  // A machine's clock that is set neither ends a session nor lets it go on.
  const clock = steady(options.clock)
  const warnMs = Math.min(WARN_MS, options.idle / 2)
  const absoluteEnd = options.startedAt + options.absolute
  const over = new AbortController()
  let touchedAt = clock.now()
  let leftAt: number | undefined
  let leave = new AbortController()
  let warned: 'idle-limit' | 'absolute-limit' | undefined

  /** The next limit that would end the session as things stand. */
  const next = (): { reason: 'idle-limit' | 'absolute-limit'; at: number } => {
    const idleEnd = touchedAt + options.idle
    return idleEnd < absoluteEnd ? { reason: 'idle-limit', at: idleEnd } : { reason: 'absolute-limit', at: absoluteEnd }
  }

  const watch = async () => {
    while (!over.signal.aborted) {
      const { reason, at } = next()
      const now = clock.now()
      if (now >= at) return void options.end(reason)
      if (now >= at - warnMs && warned !== reason) {
        warned = reason
        options.warn({ type: 'warning', reason, endsAt: at })
      }
      const until = now < at - warnMs ? at - warnMs : at
      await clock.sleep(Math.max(1, until - now), over.signal).catch(() => undefined)
    }
  }
  void watch()

  return {
    touch() {
      touchedAt = clock.now()
      if (warned === 'idle-limit') warned = undefined
    },
    left() {
      leftAt = clock.now()
      leave = new AbortController()
      const signal = AbortSignal.any([leave.signal, over.signal])
      clock.sleep(options.grace, signal).then(
        () => (leftAt === undefined ? undefined : options.end('grace-expired')),
        () => undefined,
      )
    },
    back() {
      leftAt = undefined
      leave.abort()
    },
    stop: () => over.abort(),
  }
}
