import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'

const compressElsewhere = promisify(gzip)

/** Level 1: a tenth larger than level 6 on shell output, at a quarter of its CPU. */
const LEVEL = { level: 1 }
/** From so much on it is asked first how long it would take. */
const LARGE_BYTES = 64 * 1024
const SAMPLE_BYTES = 16 * 1024

/**
 * Text packs quickly: a slice of it takes less at once than by way of another thread, whose stream leaves V8 much to collect. What hardly packs takes several times as
 * long, and nobody's keys shall wait for that.
 */
export function compressSlice(plain: Buffer): Promise<Buffer> | Buffer {
  if (plain.length > LARGE_BYTES) {
    const middle = plain.length >> 1
    const sample = gzipSync(plain.subarray(middle, middle + SAMPLE_BYTES), LEVEL)
    if (sample.length > SAMPLE_BYTES / 2) return compressElsewhere(plain, LEVEL)
  }
  return gzipSync(plain, LEVEL)
}
