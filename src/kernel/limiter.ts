import type { Clock } from './clock.ts'

/** A token bucket: `burst` tokens at most, refilled at `perSecond`. `take` waits its turn, first come, first served. */
export type Limiter = { take(signal?: AbortSignal): Promise<void> }

export function createLimiter(clock: Clock, { perSecond, burst }: { perSecond: number; burst: number }): Limiter {
  let tokens = burst
  let refilledAt = clock.now()
  return {
    async take(signal) {
      const now = clock.now()
      tokens = Math.min(burst, tokens + ((now - refilledAt) / 1000) * perSecond)
      refilledAt = now
      tokens -= 1
      // A negative balance is a reservation: its size says how long this caller waits.
      if (tokens < 0) await clock.sleep((-tokens / perSecond) * 1000, signal)
    },
  }
}
