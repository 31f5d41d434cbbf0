import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startLabAws } from '../../test/fixtures/lab-aws.ts'
import { createFakeLogGroup, type FakeLogGroup } from '../../test/fixtures/log-group.ts'
import { createLogsClient } from '../aws/logs-client.ts'
import { type Clock, systemClock } from '../kernel/clock.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { cloudWatchGroup } from './cloudwatch-group.ts'
import type { LogGroup } from './log-group.ts'
import { logRecords } from './log-records.ts'
import { createLogSink, type LogSink } from './log-sink.ts'
import { type ChainedTrail, openTrail } from './trail.ts'
import { verifyRecords, verifyTrail } from './verify-trail.ts'

let folder: string
let now: number
let group: FakeLogGroup
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    now += ms
    await new Promise((resolve) => setImmediate(resolve))
  },
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-sink-'))
  now = Date.UTC(2026, 10, 23, 23, 59)
  group = createFakeLogGroup(clock)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const event: AuditEvent = { kind: 'session.connected', actor: 'ada', subject: 'c-1', source: 'fact' }
type Life = { trail: ChainedTrail; sink: LogSink }

async function begin(to: LogGroup = group, on: Clock = clock, directory = folder): Promise<Life> {
  const trail = await openTrail({ directory, writer: 'node-1', clock: on, log: silentLog })
  const written = () => trail.state().seq
  const options = { directory, writer: 'node-1', written, onCommit: trail.onCommit, group: to, clock: on }
  return { trail, sink: createLogSink({ ...options, log: silentLog }) }
}
async function write({ trail }: Life, count: number) {
  for (let n = 0; n < count; n += 1) {
    now += 1_000
    await trail.record(event)
  }
}
const verify = (from: LogGroup = group) => verifyRecords({ records: logRecords({ group: from, clock }) })

describe('the log group beside the files', () => {
  test('gets the same bytes, over midnight and over restarts', async () => {
    for (let life = 0; life < 3; life += 1) {
      const it = await begin()
      await write(it, 70)
      await it.sink.send()
      await write(it, 3)
      await it.trail.close()
    }
    const last = await begin()
    await last.sink.send()
    expect(last.sink.state()).toEqual({ sent: 219, waiting: 0, lagMs: 0, failure: undefined })
    expect(await verify()).toMatchObject({ ok: true, records: 219 })
    expect(await verifyTrail({ directory: folder })).toMatchObject({ ok: true, records: 219 })
  })

  test('is away for a week: the trail goes on, says so, and sends everything afterwards', async () => {
    const it = await begin()
    await write(it, 5)
    await it.sink.send()
    group.always = 'away'
    for (let day = 0; day < 7; day += 1) {
      await write(it, 5)
      now += 86_400_000
      await expect(it.sink.send()).rejects.toMatchObject({ code: 'AUDIT_SINK_UNAVAILABLE' })
    }
    expect(it.sink.state()).toMatchObject({ sent: 5, waiting: 35, failure: { code: 'AUDIT_SINK_UNAVAILABLE' } })
    expect(it.sink.state().lagMs).toBeGreaterThan(6 * 86_400_000)
    group.always = undefined
    await it.sink.send()
    expect(it.sink.state()).toMatchObject({ sent: 40, waiting: 0, lagMs: 0, failure: undefined })
    expect(await verify()).toMatchObject({ ok: true, records: 40 })
  })

  test('comes and goes by itself', async () => {
    const it = await begin()
    const stop = new AbortController()
    const running = it.sink.run(stop.signal)
    group.always = 'denied'
    await write(it, 3)
    await expect.poll(() => it.sink.state().failure?.code).toBe('AUDIT_SINK_DENIED')
    group.always = undefined
    await expect.poll(() => it.sink.state().waiting).toBe(0)
    await write(it, 3)
    await expect.poll(() => it.sink.state().sent).toBe(6)
    stop.abort()
    await running
  })

  test('sends no record that a full disk takes back', async () => {
    const it = await begin()
    await write(it, 2)
    const state = it.trail.state()
    await write(it, 1)
    const sink = createLogSink({
      directory: folder,
      writer: 'node-1',
      written: () => state.seq,
      onCommit: it.trail.onCommit,
      group,
      clock,
      log: silentLog,
    })
    await sink.send()
    expect(group.held.get('node-1')).toHaveLength(2)
  })

  test('of another chain under this name is left alone, and named', async () => {
    const it = await begin()
    await write(it, 3)
    await it.sink.send()
    const other = mkdtempSync(join(tmpdir(), 'enchilada-sink-'))
    const second = await begin(group, clock, other)
    await write(second, 2)
    await expect(second.sink.send()).rejects.toMatchObject({ code: 'AUDIT_SINK_DIVERGED' })
    await write(second, 4)
    await expect(second.sink.send()).rejects.toMatchObject({ code: 'AUDIT_SINK_DIVERGED' })
    rmSync(other, { recursive: true })
    expect(await verify()).toMatchObject({ ok: true, records: 3 })
  })

  test('whatever happens to the calls, readers see each record once, without gaps', async () => {
    const trouble = fc.constantFrom('lost', 'unsent', 'late', 'away', 'denied', undefined)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.array(trouble))), async (steps) => {
        const directory = mkdtempSync(join(tmpdir(), 'enchilada-sink-'))
        group = createFakeLogGroup(clock)
        let written = 0
        for (const [count, troubles] of steps) {
          const it = await begin(group, clock, directory)
          await write(it, count)
          written += count
          group.troubles = troubles.filter((one) => one !== undefined)
          await it.sink.send().catch(() => undefined)
          await it.sink.send().catch(() => undefined)
          if (count % 2) group.arrive()
          await it.trail.close()
        }
        group.troubles = []
        await (await begin(group, clock, directory)).sink.send()
        group.arrive()
        now += 60_000
        expect(await verify()).toMatchObject({ ok: true, records: written })
        rmSync(directory, { recursive: true })
      }),
      { numRuns: 30 },
    )
  })
})

test('on CloudWatch Logs: throttled, a lost reply, a stream that is not there yet', async () => {
  const aws = await startLabAws()
  try {
    await createLogsClient('eu-west-1').send(new CreateLogGroupCommand({ logGroupName: 'trail' }))
    const real = cloudWatchGroup(createLogsClient('eu-west-1'), 'trail')
    const it = await begin(real, systemClock)
    await Promise.all([...Array(2_500).keys()].map(() => it.trail.record(event)))
    const fault = { service: 'logs', action: 'PutLogEvents', count: 1 }
    await aws.lab.setFaults([{ ...fault, code: 'ThrottlingException', status: 400 }])
    await expect(it.sink.send()).rejects.toMatchObject({ code: 'AUDIT_SINK_UNAVAILABLE' })
    await aws.lab.setFaults([{ ...fault, code: 'InternalFailure', status: 500, lost_reply: true }])
    await expect(it.sink.send()).rejects.toMatchObject({ code: 'AUDIT_SINK_UNSURE' })
    await it.sink.send()
    expect(await verify(real)).toMatchObject({ ok: true, records: 2_500 })
    let events = 0
    for await (const _ of real.read('node-1')) events += 1
    expect(events).toBe(2_500)
  } finally {
    await aws.stop()
  }
})
