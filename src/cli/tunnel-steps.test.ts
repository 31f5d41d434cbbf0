import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { createTunnelSteps } from './tunnel-steps.ts'

test('the table has each phase with its time, also of those that go on at once, and the whole', async () => {
  const clock = createFakeClock()
  const output = { json: true, document: () => {} }
  const steps = createTunnelSteps({ options: {}, output, args: [] }, clock.now)
  const { promise, resolve: end } = Promise.withResolvers<void>()
  const slow = steps.step('server has an address', () => promise)
  await clock.advance(200)
  await steps.step('routes are still the same', () => clock.advance(300))
  await clock.advance(1_000)
  end()
  await slow
  await expect(steps.step('tunnel is up', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const lines = steps.trace({ region: 'eu-west-1' }).split('\n')
  expect(lines[0]).toBe('region: eu-west-1')
  const rows = lines.slice(2).map((line) => line.trim().split(/ {2,}/))
  expect(rows.map(([name, , ms]) => [name, ms])).toEqual([
    ['routes are still the same', '300'],
    ['server has an address', '1500'],
    ['tunnel is up', '0'],
    ['all', expect.any(String)],
  ])
  const [, began, took] = rows[1] ?? []
  expect(Number(rows.at(-1)?.[2])).toBe(Number(began) + Number(took))
})
