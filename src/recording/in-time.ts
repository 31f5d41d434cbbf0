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

export type Watchdog = {
  begin(): void
  done(): void
}

/**
 * The same for one small work after the other. A timer that is set and cut short again costs more than a write, so there is one that
 * looks, when it ends, how long the present work has taken.
 */
export function createWatchdog(clock: Clock, ms: number, what: string, onLate: (cause: Error) => void): Watchdog {
  let begunAt: number | undefined
  let watching = false
  const lookIn = (wait: number) => {
    watching = true
    void clock.sleep(wait).then(() => {
      watching = false
      if (begunAt === undefined) return
      const left = begunAt + ms - clock.now()
      if (left > 0) lookIn(left)
      else onLate(new Error(`${what} has not answered for ${ms} ms`))
    })
  }
  return {
    begin() {
      begunAt = clock.now()
      if (!watching) lookIn(ms)
    },
    done() {
      begunAt = undefined
    },
  }
}
