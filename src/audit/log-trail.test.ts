import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { createFakeLogGroup, type FakeLogGroup } from '../../test/fixtures/log-group.ts'
import type { Clock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { logRecords } from './log-records.ts'
import { parseRecord } from './record.ts'
import { openLogTrail } from './trail.ts'
import { verifyRecords } from './verify-trail.ts'

let now: number
let group: FakeLogGroup
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    now += ms
  },
}

beforeEach(() => {
  now = Date.UTC(2026, 10, 24, 10)
  group = createFakeLogGroup(clock)
})

const event = (n: number): AuditEvent => ({
  kind: 'discovery.added',
  actor: 'system:discovery',
  subject: `i-${n}`,
  source: 'fact',
})
const open = (writer = 'writer-1') => openLogTrail({ group, writer, clock, log: silentLog })
const verify = () => verifyRecords({ records: logRecords({ group, clock }) })
const subjects = async (writer = 'writer-1') => {
  const found: string[] = []
  for await (const { bytes } of logRecords({ group, clock }).read(writer)) found.push(parseRecord(bytes)?.subject ?? '')
  return found
}

describe('a trail whose only store is a log group', () => {
  test('goes on from what the stream holds, whoever opens it', async () => {
    for (let life = 0; life < 3; life += 1) {
      const trail = await open()
      await Promise.all([1, 2, 3].map((n) => trail.record(event(life * 10 + n))))
      await trail.flush()
      now += 1_000
    }
    expect(await verify()).toMatchObject({ ok: true, records: 9 })
    expect(await subjects()).toEqual(['i-1', 'i-2', 'i-3', 'i-11', 'i-12', 'i-13', 'i-21', 'i-22', 'i-23'])
  })

  test('a lost reply neither doubles nor loses a record', async () => {
    const trail = await open()
    group.troubles = ['lost']
    await trail.record(event(1))
    group.troubles = ['unsent']
    await trail.record(event(2))
    expect(group.held.get('writer-1')).toHaveLength(2)
    expect(await verify()).toMatchObject({ ok: true, records: 2 })
  })

  test('what arrives after it was given up keeps its number', async () => {
    const trail = await open()
    group.always = 'late'
    await expect(trail.record(event(1))).rejects.toMatchObject({ code: 'AUDIT_SINK_UNSURE' })
    expect(trail.state().writable).toBe(false)
    group.always = undefined
    await trail.record(event(2))
    group.arrive()
    expect(trail.state()).toEqual({ writable: true, seq: 2 })
    expect(await verify()).toMatchObject({ ok: true, records: 2 })
    expect(await subjects()).toEqual(['i-1', 'i-2'])
  })

  test('denied is told at once, and nothing is missing when it is allowed again', async () => {
    const trail = await open()
    await trail.record(event(1))
    group.always = 'denied'
    const before = now
    await expect(trail.record(event(2))).rejects.toMatchObject({ code: 'AUDIT_SINK_DENIED' })
    expect(now).toBe(before)
    group.always = undefined
    await trail.record(event(3))
    expect(await subjects()).toEqual(['i-1', 'i-3'])
    expect(await verify()).toMatchObject({ ok: true, records: 2 })
  })

  test('records larger than one call go in several', async () => {
    const trail = await open()
    const large = (n: number): AuditEvent => ({ ...event(n), data: { text: 'ü'.repeat(60_000) } })
    await Promise.all([...Array(30).keys()].map((n) => trail.record(large(n))))
    expect(await verify()).toMatchObject({ ok: true, records: 30 })
  })

  test('whatever happens to the calls, readers see each record that was answered for once, in order', async () => {
    const trouble = fc.constantFrom('lost', 'unsent', 'late', 'away', 'denied', undefined)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.array(trouble), fc.boolean())),
        async (steps) => {
          group = createFakeLogGroup(clock)
          let trail = await open()
          const answered: string[] = []
          let n = 0
          for (const [count, troubles, restart] of steps) {
            now += 1_000
            group.troubles = troubles.filter((one) => one !== undefined)
            const batch = [...Array(count).keys()].map((at) => event(n + at))
            n += count
            const told = await Promise.allSettled(batch.map((one) => trail.record(one)))
            answered.push(...batch.filter((_, at) => told[at]?.status === 'fulfilled').map(({ subject }) => subject))
            // Another process takes the name only when nothing of the one before can be on its way.
            if (!restart) continue
            group.arrive()
            group.troubles = []
            trail = await open()
          }
          group.arrive()
          now += 60_000
          const seen = await subjects()
          expect(new Set(seen).size).toBe(seen.length)
          expect(answered.filter((one) => !seen.includes(one))).toEqual([])
          expect((await verify()).ok).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a reader of a log group', () => {
  const put = async (count: number) => {
    const trail = await open()
    for (let n = 1; n <= count; n += 1) await trail.record(event(n))
    return group.held.get('writer-1') ?? []
  }
  const replace = (change: (events: typeof held) => typeof held) => group.held.set('writer-1', change(held))
  let held: { at: number; message: string; ingestedAt: number }[]
  beforeEach(async () => {
    held = await put(6)
    now += 3_600_000
  })

  test('puts events of one moment in order', async () => {
    replace((all) => all.toReversed())
    expect(await verify()).toMatchObject({ ok: true, records: 6 })
  })

  test('a gap is a fault', async () => {
    replace((all) => all.filter((_, n) => n !== 2))
    expect((await verify()).faults).toMatchObject([{ code: 'broken-chain', seq: 3, file: 'trail/writer-1' }])
  })

  test('a gap that may still close is waited for', async () => {
    replace((all) => all.filter((_, n) => n !== 2).map((one) => ({ ...one, ingestedAt: now })))
    expect(await verify()).toMatchObject({ ok: true, records: 2 })
  })

  test('a second record of one number with other bytes is a fault', async () => {
    replace((all) => [
      ...all,
      ...all.slice(2, 3).map((one) => ({ ...one, message: one.message.replace('i-3', 'i-9'), at: now })),
    ])
    expect((await verify()).ok).toBe(false)
  })

  test('an event that is no record is a fault', async () => {
    replace((all) => [...all, { at: now, message: 'START RequestId: 1', ingestedAt: now }])
    expect((await verify()).faults).toMatchObject([{ code: 'not-a-record', seq: 7 }])
  })

  test('begins again at a mark', async () => {
    const source = logRecords({ group, clock })
    const marks: string[] = []
    for await (const { mark } of source.read('writer-1')) marks.push(mark)
    const again: string[] = []
    for await (const { mark } of source.read('writer-1', marks[3])) again.push(mark)
    expect(again).toEqual(marks.slice(3))
  })
})
