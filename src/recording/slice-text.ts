import { lineOf, type RecordedEvent } from './format.ts'

/** Of a slice that grows beyond what somebody's work fills: a megabyte, and what may wait for the disk when that is reached. */
const WHOLE_BYTES = 2560 * 1024
const SMALL_BYTES = 64 * 1024
/** A sign of a string takes three bytes of UTF-8 at most. */
const BYTES_A_SIGN = 3

/** Big ones are used again: fresh ones soon fill what V8 allows outside of its heap, and it looks through the whole heap each time (decision 0040). */
const spare: Buffer[] = []
const MAX_SPARE = 4

/** The lines of a slice in memory, in one piece. */
export type SliceText = {
  readonly size: number
  add(event: RecordedEvent): void
  /** From that byte on. It is no copy: nobody changes it until `free`. */
  since(byte: number): Buffer
  /** Nobody reads it any more. */
  free(): void
}

export function createSliceText(): SliceText {
  let bytes: Buffer = Buffer.alloc(0)
  let size = 0
  const makeRoom = (more: number) => {
    const wanted = size + more
    if (wanted <= bytes.length) return
    const next = wanted <= SMALL_BYTES ? Buffer.allocUnsafeSlow(Math.max(wanted, 2 * size)) : takeBig(wanted)
    bytes.copy(next, 0, 0, size)
    keepBig(bytes)
    bytes = next
  }
  return {
    get size() {
      return size
    },
    add(event) {
      const line = lineOf(event)
      makeRoom(line.length * BYTES_A_SIGN)
      size += bytes.write(line, size)
    },
    since: (byte) => bytes.subarray(byte, size),
    free() {
      keepBig(bytes)
      bytes = Buffer.alloc(0)
      size = 0
    },
  }
}

const takeBig = (wanted: number): Buffer =>
  (wanted <= WHOLE_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.max(wanted, WHOLE_BYTES))

function keepBig(bytes: Buffer): void {
  if (bytes.length === WHOLE_BYTES && spare.length < MAX_SPARE) spare.push(bytes)
}
