import { expect, test } from 'vitest'
import { createFakeClock } from '../../../test/fixtures/fake-clock.ts'
import type { SessionEndReason } from '../../model/session.ts'
import { startLimits } from './limits.ts'

const HOUR = 3_600_000

function begin() {
  const clock = createFakeClock()
  const ended: SessionEndReason[] = []
  const limits = startLimits({
    idle: HOUR / 2,
    absolute: 2 * HOUR,
    grace: 60_000,
    startedAt: clock.now(),
    clock,
    warn: () => undefined,
    end: async (reason) => {
      ended.push(reason)
    },
  })
  return { clock, ended, limits }
}

test('a clock that is set back gives nobody more time', async () => {
  const { clock, ended } = begin()
  clock.set(clock.now() - HOUR)
  await clock.advance(HOUR / 2 + 1_000)
  expect(ended).toEqual(['idle-limit'])
})

test('a clock that is set forward takes nobody’s time', async () => {
  const { clock, ended, limits } = begin()
  clock.set(clock.now() + HOUR)
  await clock.advance(60_000)
  limits.touch()
  await clock.advance(HOUR / 2 - 120_000)
  expect(ended).toEqual([])
  limits.stop()
})
