/** Time as an argument. `now` is milliseconds since 1970 UTC; `sleep` rejects with the signal's reason when cut short. */
export type Clock = {
  now(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Calls back, and may be called off: for what is set anew so often that a promise and a signal each time cost more than what is then done. */
export type AlarmClock = Clock & {
  /** Milliseconds since some moment. Nobody sets it: it goes on where `now` goes back. */
  monotonic(): number
  /** Returns how to call it off. */
  after(ms: number, ring: () => void): () => void
}

export const systemClock: AlarmClock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const stop = () => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, { once: true })
    }),
  after(ms, ring) {
    const timer = setTimeout(ring, ms)
    return () => clearTimeout(timer)
  },
}

/** The same clock, whose `now` goes on from what it is at this moment, whatever the machine's clock is set to. */
export function steady(clock: AlarmClock): AlarmClock {
  const zero = clock.now() - clock.monotonic()
  return { ...clock, now: () => Math.floor(zero + clock.monotonic()) }
}

export const toIso = (ms: number): string => new Date(ms).toISOString()
