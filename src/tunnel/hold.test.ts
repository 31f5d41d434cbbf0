import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { watch } from './hold.ts'

const UNTIL = 8 * 3_600_000

/** A tunnel whose server answers, whose AWS says, and whose machine wakes as `at` has it, by ms since it was opened. */
async function run(
  at: (ms: number) => { answers?: boolean; state?: string; askMs?: number; awayMs?: number },
  { until = UNTIL, forMs = 300_000 } = {},
) {
  const clock = createFakeClock()
  const begun = clock.now()
  const passed = () => clock.now() - begun
  const stop = new AbortController()
  let heardAt = begun
  const link = {
    heardAt: () => {
      if (at(passed()).answers) heardAt = begun + Math.floor(passed() / 250) * 250
      return heardAt
    },
    until: () => begun + until,
    sayDown: async () => false,
    close: () => {},
  }
  const lease = { id: 'lease-0123456789ab', environment: 'a', owner: 'ada', startedAt: begun, leased: [] }
  const scope = { tenant: 'default', partition: 'aws', account: '111122223333', region: 'eu-west-1' } as const
  const end = await watch(
    {
      ...{ link, lease: { ...lease, scope, until: begun + until }, instanceId: 'i-1' },
      stateOf: async () => {
        await clock.advance(at(passed()).askMs ?? 0)
        const { state } = at(passed())
        if (state === undefined) throw new Error('no network')
        if (state === 'denied') throw Object.assign(new Error('explicit deny'), { name: 'UnauthorizedOperation' })
        return state
      },
    },
    {
      now: clock.now,
      sleep: async (ms) => {
        await clock.advance(ms + (at(passed()).awayMs ?? 0))
        if (passed() > forMs) stop.abort()
      },
    },
    stop.signal,
  )
  return { end, ms: passed() }
}

const alive = { answers: true, state: 'running' }

test('a server that AWS says is gone is lost within a second', async () => {
  const { end, ms } = await run((now) => (now < 20_000 ? alive : { state: 'terminated' }))
  expect(end).toBe('server-lost')
  expect(ms).toBeLessThanOrEqual(20_750)
})

test('a server that AWS takes for running is lost after 10 s of silence', async () => {
  const { end, ms } = await run((now) => (now < 20_000 ? alive : { state: 'running' }))
  expect(end).toBe('server-lost')
  // Its last answer was at 19.75 s.
  expect(ms).toBeGreaterThanOrEqual(29_750)
  expect(ms).toBeLessThanOrEqual(31_000)
})

test('nor does it take longer where AWS is slow to say so', async () => {
  const { end, ms } = await run((now) => (now < 20_000 ? alive : { state: 'running', askMs: 1_500 }))
  expect(end).toBe('server-lost')
  expect(ms).toBeLessThanOrEqual(32_500)
})

test('an answer that comes after a long time counts for nothing but itself', async () => {
  const { end, ms } = await run((now) => (now < 20_000 ? alive : { state: 'running', askMs: 4_000 }))
  expect(end).toBe('server-lost')
  // Seven answers.
  expect(ms).toBeGreaterThanOrEqual(50_000)
})

test('where AWS refuses to say what a server is, its silence alone tells', async () => {
  expect(await run((now) => ({ ...alive, state: now < 20_000 ? 'running' : 'denied' }))).toMatchObject({ end: 'asked' })
  const { end, ms } = await run((now) => (now < 20_000 ? alive : { state: 'denied' }))
  expect(end).toBe('server-lost')
  expect(ms).toBeLessThanOrEqual(31_000)
})

test('a network that is away for minutes loses nothing, nor does the time until its server is found again', async () => {
  const found = await run((now) => {
    if (now < 20_000 || now > 145_000) return alive
    return now < 140_000 ? {} : { state: 'running' }
  })
  expect(found).toMatchObject({ end: 'asked' })
})

test('a laptop that slept finds the same server; its clock set back or forth is the same to it', async () => {
  expect(await run((now) => ({ ...alive, awayMs: now < 20_000 || now > 90_000 ? 0 : 60_000 }))).toMatchObject({
    end: 'asked',
  })
  expect(
    await run((now) => (now % 30_000 < 500 ? { ...alive, awayMs: 3_600_000 } : alive), { forMs: 1e8 }),
  ).toMatchObject({
    end: 'asked',
  })
})

test('the end of its time is no loss', async () => {
  const over = await run((now) => (now < 60_000 ? alive : { state: 'terminated' }), { until: 59_000 })
  expect(over.end).toBe('time-to-live')
  const unasked = await run((now) => (now < 60_000 ? alive : {}), { until: 90_000 })
  expect(unasked).toMatchObject({ end: 'time-to-live' })
})
