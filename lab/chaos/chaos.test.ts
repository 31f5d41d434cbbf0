import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sample } from '../../test/fixtures/sample.ts'
import { runChaos } from './run-chaos.ts'

// A sample of `script/prove chaos`, each time with another seed.
const title = 'a short bad day of %s: nothing is removed that lives, nothing comes back, and all is equal in the end'
test.each(sample(['serve', 'lambda'] as const, 1))(title, { timeout: 180_000 }, async (by) => {
  if (!existsSync('dist/cli.js')) execFileSync(process.execPath, ['script/build.ts'], { stdio: 'ignore' })
  const seed = Date.now() % 2 ** 31
  console.log(`chaos: seed ${seed}`)
  const day = await runChaos({ by, seed, seconds: 8, workers: 2, log: () => undefined })
  expect(day).toMatchObject({ findings: [], differentAfterSweep: [], differentAfterProof: [] })
  expect(day.crashes).toBeGreaterThan(0)
  expect(day.lives).toBeGreaterThan(10)
})
