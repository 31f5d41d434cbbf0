import type { Clock } from '../kernel/clock.ts'

/** Rejects when the work takes longer; the work itself cannot be called back. */
export async function inTime<T>(clock: Clock, ms: number, what: string, work: Promise<T>): Promise<T> {
  const watchdog = new AbortController()
  const late = clock.sleep(ms, watchdog.signal).then(() => {
    throw new Error(`${what} has not answered for ${ms} ms`)
  })
  // Cut short, the watchdog rejects too, and nobody waits for it any more.
  late.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    watchdog.abort()
  }
}
