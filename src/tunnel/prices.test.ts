import { expect, test } from 'vitest'
import { compareMonth, hourly, sessionCost } from './prices.ts'

test('the address costs more than the server, and a minute is the least', () => {
  expect(hourly('t4g.nano')).toBeCloseTo(0.0101, 4)
  expect(hourly('x1e.32xlarge')).toBeUndefined()
  expect(sessionCost(0.06, 1_000)).toBeCloseTo(0.001)
  expect(sessionCost(0.06, 3_600_000)).toBeCloseTo(0.06)
})

test('a month of working days beside AWS Client VPN', () => {
  const { tunnel, clientVpn } = compareMonth(0.0101, 8, 22)
  expect(tunnel).toBeCloseTo(1.78, 2)
  expect(clientVpn).toBeCloseTo(81.8, 1)
})
