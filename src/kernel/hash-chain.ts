import { sha256Hex } from './ids.ts'

/** What the first link points at: 64 zeros. */
export const GENESIS = '0'.repeat(64)

/** The hash of a stored line: over its bytes without the line feed. */
export const lineHash = (line: string | Uint8Array): string => sha256Hex(line)
