import { expect, test } from 'vitest'
import { medianBetween } from './report.ts'

/** Sums of uniform numbers about 1, from a generator that gives the same ones each time. */
function samplesAround1(count: number, seed: number): number[] {
  let state = seed
  const next = () => {
    state = (state * 48_271) % (2 ** 31 - 1)
    return state / 2 ** 31
  }
  return Array.from({ length: count }, () => 1 + (next() + next() + next() - 1.5) * 0.1)
}

test('the true median lies within in 95 of 100 cases, and more samples bring it closer', () => {
  const cases = Array.from({ length: 400 }, (_, seed) => medianBetween(samplesAround1(40, seed + 1)))
  const held = cases.filter(({ low, high }) => low <= 1 && 1 <= high).length
  expect(held / cases.length).toBeGreaterThanOrEqual(0.95)
  const width = ({ low, high }: { low: number; high: number }) => high - low
  const [few] = cases
  expect(width(medianBetween(samplesAround1(400, 1)))).toBeLessThan(few ? width(few) / 2 : 0)
})

test('of few samples nothing narrower than all of them is said', () => {
  expect(medianBetween([3, 1, 2, 4])).toEqual({ median: 2, low: 1, high: 4 })
})
