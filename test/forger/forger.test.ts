import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { isRight, runForger } from './run-forger.ts'

test('every forgery is found by both verifiers, and neither cries wolf', { timeout: 120_000 }, async () => {
  const seed = Number(process.env['FORGER_SEED'] ?? randomInt(2 ** 31))
  console.log(`forger: FORGER_SEED=${seed}`)
  const wrong: unknown[] = []
  let cases = 0
  for await (const one of runForger(seed, 1)) {
    cases += 1
    if (!isRight(one)) wrong.push(one)
  }
  expect(wrong).toEqual([])
  expect(cases).toBeGreaterThan(25)
})
