/** One way from a browser to a shell, as processes whose cost can be read. */
export type Gateway = {
  readonly name: string
  open(): Promise<Shell>
  /** All processes between the browser and the host's sshd. */
  pids(): number[]
  close(): Promise<void>
}

/** A shell as whoever holds the WebSocket sees it. */
export type Shell = {
  type(text: string): void
  /** Bytes of all WebSocket messages so far, both ways. */
  traffic(): number
  /** Resolves with the next message that changes the picture. */
  nextFrame(): Promise<void>
  /** Resolves when nothing has changed the picture for so long. */
  quiet(ms: number): Promise<void>
  close(): void
}

/** Counts messages and tells of frames; the same for every gateway. */
export type Meter = Pick<Shell, 'traffic' | 'nextFrame' | 'quiet'> & {
  came(bytes: number, draws: boolean): void
  went(bytes: number): void
}

export function createMeter(): Meter {
  const waiting = new Set<() => void>()
  let bytes = 0
  let drawnAt = performance.now()
  return {
    traffic: () => bytes,
    nextFrame: () => new Promise((resolve) => waiting.add(resolve)),
    async quiet(ms) {
      for (let left = ms; left > 0; left = drawnAt + ms - performance.now()) {
        await new Promise((resolve) => setTimeout(resolve, left))
      }
    },
    came(size, draws) {
      bytes += size
      if (!draws) return
      drawnAt = performance.now()
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
    went(size) {
      bytes += size
    },
  }
}
