import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RecordedEvent } from './format.ts'
import { createSliceText } from './slice-text.ts'

const linesOf = (events: readonly RecordedEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')

/** Of a few signs of one to four bytes, so long that memory is taken, outgrown and used again. */
const events = fc.array(
  fc
    .tuple(fc.nat(), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }), fc.nat(200_000))
    .map(([at, text, times]): RecordedEvent => [at, 'o', text.repeat(times)]),
  { maxLength: 12 },
)

test('what is appended is there in one piece, whoever else writes', () => {
  fc.assert(
    fc.property(events, events, (mine, theirs) => {
      const [one, other] = [createSliceText(), createSliceText()]
      const given = mine.map((event, at) => {
        const [next] = theirs.slice(at, at + 1)
        if (next) other.add(next)
        const begin = one.size
        one.add(event)
        return one.since(begin).toString()
      })
      expect(given.join('')).toBe(linesOf(mine))
      expect(one.since(0).toString()).toBe(linesOf(mine))
      expect(other.since(0).toString()).toBe(linesOf(theirs.slice(0, mine.length)))
      one.free()
      other.free()
      expect(one.size).toBe(0)
    }),
    { numRuns: 40 },
  )
})
