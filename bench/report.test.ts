import { expect, test } from 'vitest'
import { middleBetween } from './report.ts'

/** Sums of uniform numbers about 1, from a generator that gives the same ones each time. */
function samplesAround1(count: number, seed: number): number[] {
  let state = seed
  const next = () => {
    state = (state * 48_271) % (2 ** 31 - 1)
    return state / 2 ** 31
  }
  return Array.from({ length: count }, () => 1 + (next() + next() + next() - 1.5) * 0.1)
}

test('the true middle lies within in about 95 of 100 cases, and more samples bring it closer', () => {
  const cases = Array.from({ length: 400 }, (_, seed) => middleBetween(samplesAround1(40, seed + 1)))
  const held = cases.filter(({ low, high }) => low <= 1 && 1 <= high).length
  expect(held / cases.length).toBeGreaterThan(0.93)
  const width = ({ low, high }: { low: number; high: number }) => high - low
  const [few] = cases
  expect(width(middleBetween(samplesAround1(400, 1)))).toBeLessThan(few ? width(few) / 2 : 0)
})

test('of few samples nothing narrower than all of them is said', () => {
  const { low, high } = middleBetween([3, 1, 2, 4])
  expect([low, high].map((figure) => Number(figure.toFixed(9)))).toEqual([1, 4])
})
