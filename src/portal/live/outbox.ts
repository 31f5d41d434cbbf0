export type LiveEvent = { event: string; data: unknown }

/** A browser that is further behind than this is told to read the list anew instead. */
const MOST = 64

/** What waits for one browser. Never grows: when it is full, all of it becomes one `reset`. */
export type Outbox = {
  push(event: LiveEvent): void
  /** The next event, or undefined after `ms` without one or once closed. */
  next(ms: number): Promise<LiveEvent | undefined>
  close(): void
  readonly closed: boolean
}

export function createOutbox(): Outbox {
  let waiting: LiveEvent[] = []
  let closed = false
  let wake: () => void = () => undefined
  return {
    push(event) {
      if (closed) return
      if (waiting.length >= MOST) waiting = [{ event: 'reset', data: {} }]
      else waiting.push(event)
      wake()
    },
    async next(ms) {
      if (waiting.length === 0 && !closed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
        wake = () => undefined
      }
      return waiting.shift()
    },
    close() {
      closed = true
      waiting = []
      wake()
    },
    get closed() {
      return closed
    },
  }
}
