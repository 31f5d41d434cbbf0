/** How long the work at hand may take, where each piece of work has a time of its own. */
export type Until = () => AbortSignal

/** Settles as the work does, or rejects with the signal's reason when that comes first; the work itself is not stopped by it. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.finally(() => signal.removeEventListener('abort', stop)).then(resolve, reject)
  })
}
