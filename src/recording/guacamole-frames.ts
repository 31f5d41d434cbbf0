import { isUtf8 } from 'node:buffer'

/** Whole instructions of the Guacamole protocol, up to a `sync` and with it. */
export type Frame = {
  text: string
  /** Of the `sync` that ends it, or of the last one before; undefined before the first. Milliseconds, by guacd's clock. */
  at: number | undefined
}

/** A frame may be a whole screen of images; events larger than that are cut between instructions. */
const FRAME_BYTES = 256 * 1024
/** guacd writes no instruction longer than 8 KB (libguac, GUAC_INSTRUCTION_MAX_LENGTH). */
const INSTRUCTION_BYTES = 64 * 1024

const DOT = 0x2e
const COMMA = 0x2c
const SEMICOLON = 0x3b
const SYNC = Buffer.from('4.sync,')

/**
 * Cuts what guacd wrote into frames. `LENGTH.VALUE,…;` where LENGTH counts characters of UTF-8 (Guacamole manual, "Protocol design").
 * Throws for bytes that are not that.
 */
export function createFrameCutter() {
  let rest: Buffer = Buffer.alloc(0)
  let last: number | undefined
  return {
    push(bytes: Uint8Array): Frame[] {
      const given = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes])
      const frames: Frame[] = []
      let begin = 0
      let at = 0
      for (let end = endOf(given, at); end !== undefined; end = endOf(given, at)) {
        const time = given.subarray(at, at + SYNC.length).equals(SYNC) ? timeOf(given, at, end) : undefined
        last = time ?? last
        at = end
        if (time === undefined && at - begin < FRAME_BYTES) continue
        frames.push({ text: textOf(given.subarray(begin, at)), at: last })
        begin = at
      }
      if (given.length - at > INSTRUCTION_BYTES) throw new Error(`no instruction of Guacamole ends after byte ${at}`)
      rest = given.subarray(begin)
      return frames
    },
    /** Instructions after the last `sync`, and how many bytes are half an instruction: guacd or its disk was stopped. */
    rest(): { frame: Frame | undefined; torn: number } {
      let at = 0
      for (let end = endOf(rest, at); end !== undefined; end = endOf(rest, at)) at = end
      const frame = at > 0 ? { text: textOf(rest.subarray(0, at)), at: last } : undefined
      return { frame, torn: rest.length - at }
    },
  }
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error('an instruction of Guacamole is UTF-8, and this is not')
  return bytes.toString('utf8')
}

/** Where the instruction that begins at `from` ends; undefined when it is not whole. */
function endOf(bytes: Buffer, from: number): number | undefined {
  let at = from
  for (;;) {
    let length = 0
    const digits = at
    for (; at < bytes.length && bytes[at] !== DOT; at += 1) {
      const digit = (bytes[at] ?? 0) - 0x30
      if (digit < 0 || digit > 9 || at - digits > 6) throw new Error(`byte ${at} begins no instruction of Guacamole`)
      length = length * 10 + digit
    }
    if (at >= bytes.length) return undefined
    if (at === digits) throw new Error(`byte ${at} begins no instruction of Guacamole`)
    at += 1
    for (; length > 0 && at < bytes.length; length -= 1) at += widthOf(bytes[at] ?? 0)
    if (at >= bytes.length) return undefined
    const end = bytes[at]
    at += 1
    if (end === SEMICOLON) return at
    if (end !== COMMA) throw new Error(`byte ${at - 1} ends no element of Guacamole`)
  }
}

/** Bytes of a character of UTF-8, by its first. */
const widthOf = (first: number): number => (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4)

function timeOf(bytes: Buffer, from: number, end: number): number | undefined {
  const time = Number(/^4\.sync,\d+\.(\d+)[,;]/.exec(bytes.toString('latin1', from, end))?.[1])
  return Number.isNaN(time) ? undefined : time
}
