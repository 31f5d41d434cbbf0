import { expect, test } from 'vitest'
import { timeAsked } from './time-asked.ts'

const limits = { ttl: 28_800_000, longest: 5_400_000, firstHandshake: 180_000, grace: 300_000, idle: 3_600_000 }
const environment = { name: 'customer-a', limits }

test('a time within the limits of the environment is taken as it is', () => {
  expect(timeAsked('1m', environment)).toBe(60_000)
  expect(timeAsked('1h30m', environment)).toBe(5_400_000)
})

test.each(['nonsense', '', '0', '0m', '59s', '-5m', '90', '1h31m', '1.5h'])(
  '%j is refused, with what is allowed',
  (time) => {
    expect(() => timeAsked(time, environment)).toThrow(
      expect.objectContaining({ code: 'TUNNEL_TIME_INVALID', hint: expect.stringContaining('at most 1h30m') }),
    )
  },
)
