import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto'

/** RFC 9562 version 7: sortable by time of making. */
export const newId = (): string => randomUUIDv7()

/** 256 bits, base64url: session ids, tickets, states. */
export const newToken = (): string => randomBytes(32).toString('base64url')

export const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
