import { isUtf8 } from 'node:buffer'
import type { EventKind } from './format.ts'

const NOTHING: Buffer = Buffer.alloc(0)

/**
 * Turns a stream of bytes into events without ever cutting a character: the first bytes of one wait for the rest.
 * What is no UTF-8 comes out as base64.
 */
export function createTextCutter() {
  let held = NOTHING
  const render = (bytes: Buffer): { kind: EventKind; data: string } =>
    isUtf8(bytes) ? { kind: 'o', data: bytes.toString('utf8') } : { kind: 'b', data: bytes.toString('base64') }
  return {
    push(chunk: Uint8Array): { kind: EventKind; data: string } | undefined {
      const bytes =
        held.length > 0 ? Buffer.concat([held, chunk]) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      const whole = bytes.length - openBytes(bytes)
      held = whole < bytes.length ? Buffer.from(bytes.subarray(whole)) : NOTHING
      return whole > 0 ? render(bytes.subarray(0, whole)) : undefined
    },
    /** What waited for a rest that will not come. */
    rest(): { kind: EventKind; data: string } | undefined {
      const bytes = held
      held = NOTHING
      return bytes.length > 0 ? render(bytes) : undefined
    },
  }
}

/** How many bytes at the end begin a character (RFC 3629) that is not complete. */
function openBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}
