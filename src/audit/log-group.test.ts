import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { createFakeLogGroup } from '../../test/fixtures/log-group.ts'
import { createLogsClient } from '../aws/logs-client.ts'
import { systemClock } from '../kernel/clock.ts'
import { newId } from '../kernel/ids.ts'
import { cloudWatchGroup } from './cloudwatch-group.ts'
import { BATCH_LIMITS, batchEvents, eventTime, type LogEvent, type LogGroup } from './log-group.ts'

let aws: LabAws
beforeAll(async () => {
  aws = await startLabAws()
})
afterAll(() => aws.stop())
beforeEach(() => aws.lab.setFaults([]))

const client = () => createLogsClient('eu-west-1')
const realGroup = async (): Promise<LogGroup> => {
  const name = `trail-${newId()}`
  await client().send(new CreateLogGroupCommand({ logGroupName: name }))
  return cloudWatchGroup(client(), name)
}

const groups: [string, () => Promise<LogGroup>][] = [
  ['the fake', async () => createFakeLogGroup(systemClock)],
  ['CloudWatch Logs', realGroup],
]

const events = (count: number, from = 0): LogEvent[] => {
  const now = Date.now() - 60_000
  return [...Array(count).keys()].map((n) => ({
    at: now + from + n,
    message: `{"n":${from + n},"name":"bücher\u2028✓"}`,
  }))
}
const messages = async (read: AsyncIterable<LogEvent>, most = Number.POSITIVE_INFINITY) => {
  const found: string[] = []
  for await (const { message } of read) {
    found.push(message)
    if (found.length >= most) break
  }
  return found
}

describe.each(groups)('a log group: %s', (_name, open) => {
  test('gives back what it was given, forwards and backwards, over pages', async () => {
    const group = await open()
    const all = events(1_300)
    for (const part of [all.slice(0, 700), all.slice(700)]) await group.put('node-1', part)
    const wanted = all.map(({ message }) => message)
    expect(await messages(group.read('node-1'))).toEqual(wanted)
    expect(await messages(group.readBack('node-1'))).toEqual(wanted.toReversed())
    expect(await messages(group.readBack('node-1'), 3)).toEqual(wanted.slice(-3).reverse())
  })

  test('reads from a time on, and back from a time', async () => {
    const group = await open()
    const all = events(10)
    await group.put('node-1', all)
    const at = all[4]?.at ?? 0
    expect(await messages(group.read('node-1', at))).toHaveLength(6)
    expect(await messages(group.readBack('node-1', at))).toHaveLength(5)
  })

  test('names its streams, and knows nothing of one that is not there', async () => {
    const group = await open()
    expect(await group.streams()).toEqual([])
    expect(await messages(group.read('nobody'))).toEqual([])
    expect(await messages(group.readBack('nobody'))).toEqual([])
    await group.put('node-1', events(1))
    await group.put('node-2', events(1))
    expect((await group.streams()).sort()).toEqual(['node-1', 'node-2'])
  })

  test('refuses what is too old', async () => {
    const group = await open()
    const old = [{ at: Date.now() - 20 * 86_400_000, message: '{}' }]
    await expect(group.put('node-1', old)).rejects.toMatchObject({ code: 'AUDIT_SINK_REFUSED' })
  })
})

describe('what CloudWatch Logs answers', () => {
  const wrong = async (fault: { code: string; status: number; lost_reply?: boolean }) => {
    const group = await realGroup()
    await group.put('node-1', events(1))
    await aws.lab.setFaults([{ service: 'logs', action: 'PutLogEvents', ...fault }])
    const said = await group.put('node-1', events(1, 1)).catch((error: unknown) => error)
    await aws.lab.setFaults([])
    return { said, held: (await messages(group.read('node-1'))).length }
  }
  test.each([
    ['AccessDeniedException', 400, false, 'AUDIT_SINK_DENIED', 1],
    ['ThrottlingException', 400, false, 'AUDIT_SINK_UNAVAILABLE', 1],
    ['ServiceUnavailableException', 503, false, 'AUDIT_SINK_UNSURE', 1],
    ['ServiceUnavailableException', 503, true, 'AUDIT_SINK_UNSURE', 2],
  ])('%s (%i, lost reply: %s) is %s, told once', async (code, status, lost_reply, expected, held) => {
    expect(await wrong({ code, status, lost_reply })).toMatchObject({ said: { code: expected }, held })
  })

  test('a service that never answers is given up', async () => {
    const group = await realGroup()
    await group.put('node-1', events(1))
    await aws.lab.setFaults([{ service: 'logs', action: 'PutLogEvents', delay_ms: 3_000, count: 1 }])
    const hasty = cloudWatchGroup(createLogsClient('eu-west-1', { answerWithin: 200 }), group.name)
    await expect(hasty.put('node-1', events(1, 1))).rejects.toMatchObject({ code: 'AUDIT_SINK_UNSURE' })
  })

  test('a group that is not there is named', async () => {
    const group = cloudWatchGroup(client(), 'nowhere')
    const missing = { code: 'AUDIT_SINK_MISSING', message: expect.stringContaining('nowhere') }
    await expect(group.put('node-1', events(1))).rejects.toMatchObject(missing)
    await expect(group.streams()).rejects.toMatchObject(missing)
  })
})

describe('batches', () => {
  test('hold to each limit, and lose nothing', () => {
    const many: LogEvent[] = [
      ...events(25_000),
      ...[...Array(40).keys()].map((n) => ({ at: Date.now() + n, message: 'ü'.repeat(65_000) })),
      { at: Date.now() + 3 * 86_400_000, message: 'later' },
    ]
    const batches = [...batchEvents(many)]
    expect(batches.flat()).toEqual(many)
    for (const batch of batches) {
      expect(batch.length).toBeLessThanOrEqual(BATCH_LIMITS.events)
      expect(batch.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0)).toBeLessThanOrEqual(
        1_048_576,
      )
      expect((batch.at(-1)?.at ?? 0) - (batch[0]?.at ?? 0)).toBeLessThan(BATCH_LIMITS.spanMs)
    }
  })

  test('an event is never older than the service takes, nor before the one before it, nor in the future', () => {
    const now = Date.UTC(2026, 10, 24)
    expect(eventTime('2026-11-23T10:00:00.000Z', now, 0)).toBe(Date.UTC(2026, 10, 23, 10))
    expect(eventTime('2026-10-01T10:00:00.000Z', now, 0)).toBe(now - 13 * 86_400_000)
    expect(eventTime('2026-11-23T10:00:00.000Z', now, now - 5)).toBe(now - 5)
    expect(eventTime('2026-11-25T10:00:00.000Z', now, 0)).toBe(now)
  })
})
