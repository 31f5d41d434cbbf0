import type { Clock } from '../kernel/clock.ts'

/** One for all aborts: an error of its own for each would cost more than the timer. */
const CLEARED = new Error('the alarm was set anew')

/** One timer for all that is due by and by: each wake of an idle processor costs more than what is then done. */
export function createAlarm(clock: Clock, ring: () => void): { set(at: number): void } {
  let armed = { at: Number.POSITIVE_INFINITY, stop: new AbortController() }
  return {
    /** ms since 1970; Infinity: not at all. */
    set(at) {
      if (at === armed.at) return
      armed.stop.abort(CLEARED)
      const stop = new AbortController()
      armed = { at, stop }
      if (!Number.isFinite(at)) return
      clock.sleep(at - clock.now(), stop.signal).then(
        () => {
          armed = { at: Number.POSITIVE_INFINITY, stop }
          ring()
        },
        () => undefined,
      )
    },
  }
}
