import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { sample } from '../test/fixtures/sample.ts'

const rowSchema = z.strictObject({
  name: z.string(),
  unit: z.string(),
  value: z.number(),
  peer: z.string().nullable(),
  peerValue: z.number().nullable(),
  ratio: z.number().nullable(),
  goal: z.string().nullable(),
  ok: z.boolean().nullable(),
  why: z.string().optional(),
})

const benches = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(join(import.meta.dirname, entry.name)).includes('main.ts'))
  .map((entry) => entry.name)
  // It boots a world of its own, as the tunnel's journey in `script/test lab` does by the same parts.
  .filter((name) => name !== 'tunnel')

/** A machine that does much else besides takes minutes for what takes seconds: only what hangs is ended. */
const HANGS_MS = 15 * 60_000

/** A small sample of each: that it runs and what it prints. How fast is for docs/numbers.md, not for a test. */
describe.each(sample(benches, 2))('bench %s', (name) => {
  test('measures and reports rows', { timeout: HANGS_MS }, async ({ signal }) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, name, 'main.ts'), '--quick', '--json'],
      { maxBuffer: 16 * 1024 * 1024, signal },
    )
    const rows = z.array(rowSchema).nonempty().parse(JSON.parse(stdout))
    expect(rows.filter((row) => row.peer === null && row.why === '')).toEqual([])
  })
})
