import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compressSlice } from './compress-slice.ts'
import type { RecordedEvent } from './format.ts'
import { createOutputGatherer } from './output-gatherer.ts'
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

test('output is cut into events of 64 KB at most, and no sign is cut', () => {
  const text = 'größer – 新しい 🚀 '.repeat(20_000)
  const bytes = Buffer.from(text)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      const output = createOutputGatherer()
      let at = 0
      for (const size of sizes) {
        output.push(bytes.subarray(at, at + size), 0)
        at += size
      }
      output.push(bytes.subarray(at), 0)
      const found = [...output.take()]
      expect(found.map(({ data }) => data).join('')).toBe(text)
      // A sign that waited is added.
      for (const { kind, data } of found) {
        expect(kind).toBe('o')
        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64 * 1024 + 3)
      }
    }),
    { numRuns: 40 },
  )
})

test('text and what does not pack come out as they were', async () => {
  for (const plain of [Buffer.from('a line of text\n'.repeat(50_000)), randomBytes(500_000), Buffer.from('x')]) {
    expect(gunzipSync(await compressSlice(plain)).equals(plain)).toBe(true)
  }
})
