import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto'

let newest = ''

/** RFC 9562 version 7. Those of one process sort as they were made, also within a millisecond (section 6.2). No secret. */
export function newId(): string {
  const id = randomUUIDv7()
  newest = id > newest ? id : after(newest)
  return newest
}

function after(id: string): string {
  const next = (BigInt(`0x${id.slice(24)}`) + 1n) & 0xff_ff_ff_ff_ff_ffn
  return `${id.slice(0, 24)}${next.toString(16).padStart(12, '0')}`
}

/** 256 bits, base64url: session ids, tickets, states. */
export const newToken = (): string => randomBytes(32).toString('base64url')

export const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
