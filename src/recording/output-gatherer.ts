import type { EventKind } from './format.ts'
import { createTextCutter } from './text-cutter.ts'

/** Output that comes within this time becomes one event, which bears the time of the first. */
export const GATHER_MS = 20

/** The most that an event holds. Text of more than 128 KB is fresh memory of the kernel's each time it is made, and costs twice as much. */
const BLOCK_BYTES = 32 * 1024
/** Of sessions in which somebody types at the same time; of each only the first kilobytes are ever written to. */
const MAX_SPARE = 64

export type Gathered = { at: number; kind: EventKind; data: string }

/** Output one after the other, and where the events in it end. */
type Block = { readonly bytes: Buffer; size: number; times: number[]; ends: number[] }

/** For all recorders: fresh memory for each is collected at the cost of a look through the whole heap. */
const spare: Block[] = []

const takeBlock = (): Block =>
  spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), size: 0, times: [], ends: [] }

function keepBlock(block: Block): void {
  if (spare.length < MAX_SPARE) spare.push(Object.assign(block, { size: 0, times: [], ends: [] }))
}

/**
 * Keeps output until somebody wants events, as bytes in few places: what came in a second is cut in hardly longer than one key, and what it
 * came in is let go at once.
 */
export function createOutputGatherer() {
  const cutter = createTextCutter()
  let blocks: Block[] = []
  let block: Block | undefined
  let size = 0
  const put = (bytes: Uint8Array, at: number) => {
    if (!block || block.size + bytes.length > BLOCK_BYTES) {
      block = takeBlock()
      blocks.push(block)
    }
    block.bytes.set(bytes, block.size)
    block.size += bytes.length
    const { times, ends } = block
    const last = times.length - 1
    if (last >= 0 && at - (times[last] ?? 0) < GATHER_MS) ends[last] = block.size
    else {
      times.push(at)
      ends.push(block.size)
    }
  }
  return {
    /** Bytes kept. */
    get size() {
      return size
    },
    /** `at`: ms of the session. */
    push(bytes: Uint8Array, at: number) {
      size += bytes.length
      if (bytes.length <= BLOCK_BYTES) return put(bytes, at)
      for (let from = 0; from < bytes.length; from += BLOCK_BYTES) put(bytes.subarray(from, from + BLOCK_BYTES), at)
    },
    /** All that is kept, an event at a time; but for the beginning of a character, which waits for its rest. */
    *take(): Generator<Gathered> {
      const taken = blocks
      blocks = []
      block = undefined
      size = 0
      for (const one of taken) {
        let from = 0
        for (const [n, end] of one.ends.entries()) {
          const found = cutter.push(one.bytes.subarray(from, end))
          from = end
          if (found) yield { at: one.times[n] ?? 0, ...found }
        }
        keepBlock(one)
      }
    },
    /** What waited for a rest that will not come. */
    rest: cutter.rest,
  }
}
