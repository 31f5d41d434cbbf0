import { beforeEach, expect, test } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/fixtures/fake-clock.ts'
import { createAlarm } from './alarm.ts'

let clock: FakeClock
let begun: number
let rung: number[]
let timers: number
let alarm: ReturnType<typeof createAlarm>

beforeEach(() => {
  clock = createFakeClock()
  begun = clock.now()
  rung = []
  timers = 0
  const after: FakeClock['after'] = (ms, ring) => {
    timers += 1
    return clock.after(ms, ring)
  }
  alarm = createAlarm({ ...clock, after }, () => void rung.push(clock.now() - begun))
})

test('what is put off rings once, when it is due, and costs one timer more', async () => {
  alarm.set(begun + 100)
  for (const later of [200, 300, 400]) alarm.set(begun + later)
  await clock.advance(1_000)
  expect({ rung, timers }).toEqual({ rung: [400], timers: 2 })
})

test('what is due earlier rings earlier, and not again', async () => {
  alarm.set(begun + 20_000)
  alarm.set(begun + 50)
  await clock.advance(30_000)
  expect(rung).toEqual([50])
})

test('nothing rings that was called off, and what is set then does', async () => {
  alarm.set(begun + 100)
  alarm.set(Number.POSITIVE_INFINITY)
  await clock.advance(500)
  expect(rung).toEqual([])
  alarm.set(begun + 700)
  await clock.advance(500)
  expect(rung).toEqual([700])
})
