import type { EventKind } from './format.ts'
import { createTextCutter } from './text-cutter.ts'

/** Output that comes within this time becomes one event, which bears the time of the first. */
export const GATHER_MS = 20

export type Gathered = { at: number; kind: EventKind; data: string }

/** Keeps output as it came until somebody wants events: cutting what came in half a second takes hardly longer than cutting one key. */
export function createOutputGatherer() {
  const cutter = createTextCutter()
  let pieces: { at: number; bytes: Uint8Array }[] = []
  let size = 0
  return {
    /** Bytes kept. */
    get size() {
      return size
    },
    /** `at`: ms since 1970. */
    push(bytes: Uint8Array, at: number) {
      pieces.push({ at, bytes })
      size += bytes.length
    },
    /** All that is kept; but for the beginning of a character, which waits for its rest. */
    take(): Gathered[] {
      const gathered: Gathered[] = []
      let since = pieces[0]?.at ?? 0
      let together: Uint8Array[] = []
      const cut = () => {
        const [first] = together
        const found = first && cutter.push(together.length === 1 ? first : Buffer.concat(together))
        if (found) gathered.push({ at: since, ...found })
        together = []
      }
      for (const { at, bytes } of pieces) {
        if (at - since >= GATHER_MS) {
          cut()
          since = at
        }
        together.push(bytes)
      }
      cut()
      pieces = []
      size = 0
      return gathered
    },
    /** What waited for a rest that will not come. */
    rest: cutter.rest,
  }
}
