import type { EventKind } from './format.ts'
import { createTextCutter } from './text-cutter.ts'

/** Output that comes within this time becomes one event, which bears the time of the first. */
export const GATHER_MS = 20

/** Text of more than 128 KB is fresh memory of the kernel's each time it is made, and costs twice as much. */
const EVENT_BYTES = 64 * 1024

export type Gathered = { at: number; kind: EventKind; data: string }

/** Keeps output as it came until somebody wants events: cutting what came in a second takes hardly longer than cutting one key. */
export function createOutputGatherer() {
  const cutter = createTextCutter()
  let pieces: { at: number; bytes: Uint8Array }[] = []
  let size = 0
  function* cut(at: number, [first, ...more]: readonly Uint8Array[]): Generator<Gathered> {
    const found = first && cutter.push(more.length === 0 ? first : join([first, ...more]))
    if (found) yield { at, ...found }
  }
  return {
    /** Bytes kept. */
    get size() {
      return size
    },
    /** `at`: ms of the session. */
    push(bytes: Uint8Array, at: number) {
      size += bytes.length
      // Hardly any is longer, and a view of each costs as much as all else that is done with it here.
      if (bytes.length <= EVENT_BYTES) return void pieces.push({ at, bytes })
      for (let from = 0; from < bytes.length; from += EVENT_BYTES) {
        pieces.push({ at, bytes: bytes.subarray(from, from + EVENT_BYTES) })
      }
    },
    /** All that is kept, an event at a time; but for the beginning of a character, which waits for its rest. */
    *take(): Generator<Gathered> {
      const taken = pieces
      pieces = []
      size = 0
      let since = 0
      let length = 0
      let together: Uint8Array[] = []
      for (const { at, bytes } of taken) {
        if (together.length > 0 && (at - since >= GATHER_MS || length + bytes.length > EVENT_BYTES)) {
          yield* cut(since, together)
          together = []
          length = 0
        }
        if (together.length === 0) since = at
        together.push(bytes)
        length += bytes.length
      }
      yield* cut(since, together)
    },
    /** What waited for a rest that will not come. */
    rest: cutter.rest,
  }
}

/** For all recorders: what is in it is text before another one asks. Fresh memory for each is collected at the cost of a look through the whole heap. */
const joined = Buffer.allocUnsafeSlow(EVENT_BYTES)

function join(pieces: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const piece of pieces) {
    joined.set(piece, size)
    size += piece.length
  }
  return joined.subarray(0, size)
}
