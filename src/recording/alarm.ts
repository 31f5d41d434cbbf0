import type { AlarmClock } from '../kernel/clock.ts'

/**
 * One timer for all that is due by and by: each wake of an idle processor costs more than what is then done. A timer that is early
 * enough stays when the time is put off, and looks again when it rings.
 */
export function createAlarm(clock: AlarmClock, ring: () => void): { set(at: number): void } {
  let wanted = Number.POSITIVE_INFINITY
  let armedFor = Number.POSITIVE_INFINITY
  let disarm = nothing
  const arm = () => {
    disarm()
    armedFor = wanted
    if (Number.isFinite(wanted)) disarm = clock.after(wanted - clock.now(), look)
  }
  const look = () => {
    disarm = nothing
    armedFor = Number.POSITIVE_INFINITY
    if (clock.now() < wanted) arm()
    else ring()
  }
  return {
    /** By `now` of its clock, which goes on; Infinity: not at all. */
    set(at) {
      wanted = at
      if (at < armedFor || !Number.isFinite(at)) arm()
    },
  }
}

const nothing = (): void => undefined
