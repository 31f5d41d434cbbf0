import { describe, expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { type AlarmClock, systemClock } from './clock.ts'

type Subject = { clock: AlarmClock; pass(ms: number): Promise<void> }

function fake(): Subject {
  const clock = createFakeClock()
  return { clock, pass: clock.advance }
}

describe.each<[string, () => Subject]>([
  ['the system', () => ({ clock: systemClock, pass: (ms) => systemClock.sleep(ms) })],
  ['the tests', fake],
])('the clock of %s', (_, open) => {
  test('calls back once, and not at all when called off', async () => {
    const { clock, pass } = open()
    const rung: string[] = []
    clock.after(5, () => rung.push('kept'))
    const callOff = clock.after(5, () => rung.push('called off'))
    callOff()
    expect(rung).toEqual([])
    await pass(50)
    expect(rung).toEqual(['kept'])
    callOff()
  })

  test('wakes who sleeps, and rejects with the reason of who is called', async () => {
    const { clock, pass } = open()
    const called = new AbortController()
    const [slept, woken] = [clock.sleep(5), clock.sleep(60_000, called.signal)]
    called.abort(new Error('called'))
    await expect(woken).rejects.toThrow('called')
    await pass(50)
    await slept
  })

  test('counts the time that goes by', async () => {
    const { clock, pass } = open()
    const [begun, since] = [clock.now(), clock.monotonic()]
    await pass(50)
    const gone = clock.monotonic() - since
    expect(gone).toBeGreaterThan(45)
    expect(Math.abs(clock.now() - begun - gone)).toBeLessThan(5)
  })
})
