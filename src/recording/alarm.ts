import type { Clock } from '../kernel/clock.ts'

/** One for all aborts: an error of its own for each would cost more than the timer. */
const CLEARED = new Error('the alarm was set anew')

/**
 * One timer for all that is due by and by: each wake of an idle processor costs more than what is then done. A timer that is early
 * enough stays when the time is put off, and looks again when it rings: to clear one and make another costs more.
 */
export function createAlarm(clock: Clock, ring: () => void): { set(at: number): void } {
  let wanted = Number.POSITIVE_INFINITY
  let armed: { at: number; stop: AbortController } | undefined
  const arm = () => {
    armed?.stop.abort(CLEARED)
    armed = undefined
    if (!Number.isFinite(wanted)) return
    const stop = new AbortController()
    armed = { at: wanted, stop }
    clock.sleep(wanted - clock.now(), stop.signal).then(
      () => {
        armed = undefined
        if (clock.now() < wanted) arm()
        else ring()
      },
      () => undefined,
    )
  }
  return {
    /** ms since 1970; Infinity: not at all. */
    set(at) {
      wanted = at
      if (at < (armed?.at ?? Number.POSITIVE_INFINITY) || !Number.isFinite(at)) arm()
    },
  }
}
