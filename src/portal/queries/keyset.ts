import * as z from 'zod'
import { portalErrors } from '../errors.ts'

/** A place in a sorted list: the sort key of the last row given. Opaque to who holds it, checked when it comes back. */
export const writeCursor = (place: readonly [string | number, string]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url')

export function readCursor<K extends string | number>(cursor: string, key: z.ZodType<K>): readonly [K, string] {
  try {
    return z.tuple([key, z.string()]).parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch (cause) {
    throw portalErrors.REQUEST_INVALID({ faults: 'cursor: not one of ours' }, { cause })
  }
}

/** At most ten words, each as a LIKE pattern with its own wildcards taken literally (escape character `\`). */
export function searchPatterns(text: string | undefined): string[] {
  const words = (text ?? '').toLowerCase().split(/\s+/).filter(Boolean).slice(0, 10)
  return words.map((word) => `%${escapeLike(word)}%`)
}

export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** `a,b` → ['a', 'b']: a filter may name several values. */
export const valuesOf = (text: string | undefined): string[] => (text ?? '').split(',').filter(Boolean)
