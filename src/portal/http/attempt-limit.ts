import type { Clock } from '../../kernel/clock.ts'

/** Refuses instead of making wait: `burst` at once, then one each `everyMs`, per key. */
export type AttemptLimit = { take(key: string): boolean }

/** More keys than this are not remembered: the one that was quiet longest is forgotten. */
const KEYS = 10_000

export function createAttemptLimit(clock: Clock, { burst, everyMs }: { burst: number; everyMs: number }): AttemptLimit {
  // A Map keeps the order of insertion: taking out and putting back makes the first one the quietest.
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take(key) {
      const now = clock.now()
      const { tokens, at } = buckets.get(key) ?? { tokens: burst, at: now }
      const left = Math.min(burst, tokens + (now - at) / everyMs)
      const isAllowed = left >= 1
      buckets.delete(key)
      buckets.set(key, { tokens: isAllowed ? left - 1 : left, at: now })
      if (buckets.size > KEYS) {
        const quietest = buckets.keys().next()
        if (!quietest.done) buckets.delete(quietest.value)
      }
      return isAllowed
    },
  }
}
