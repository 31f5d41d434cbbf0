import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compressSlice } from './compress-slice.ts'

test('text and what does not pack come out as they were', async () => {
  for (const plain of [Buffer.from('a line of text\n'.repeat(50_000)), randomBytes(500_000), Buffer.from('x')]) {
    expect(gunzipSync(await compressSlice(plain)).equals(plain)).toBe(true)
  }
})
