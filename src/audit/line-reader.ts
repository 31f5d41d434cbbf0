import { createReadStream } from 'node:fs'

export type FileLine = {
  /** 1-based. */
  number: number
  /** Where the line begins in the file, in bytes. */
  offset: number
  /** Without the line feed. */
  bytes: Buffer
  /** False for a last line without a line feed: it is being written, or was torn. */
  whole: boolean
}

/**
 * The lines of a file as bytes. Only 0x0a ends a line: `node:readline` would also cut at U+2028, which a name may hold,
 * and decoding would hide bytes that are no UTF-8 from the hash.
 */
export async function* readFileLines(
  path: string,
  from: { number: number; offset: number } = { number: 1, offset: 0 },
): AsyncGenerator<FileLine> {
  let { number, offset } = from
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { start: offset, highWaterMark: 256 * 1024 })) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let begin = 0
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, begin)) {
      yield { number, offset, bytes: bytes.subarray(begin, end), whole: true }
      number += 1
      offset += end + 1 - begin
      begin = end + 1
    }
    rest = bytes.subarray(begin)
  }
  if (rest.length > 0) yield { number, offset, bytes: rest, whole: false }
}
