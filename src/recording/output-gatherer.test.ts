import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOutputGatherer } from './output-gatherer.ts'

test('output is cut into events of 32 KB at most, and no sign is cut', () => {
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
        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(32 * 1024 + 3)
      }
    }),
    { numRuns: 40 },
  )
})
