import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { createFakeLogGroup } from '../../test/fixtures/log-group.ts'
import { createLogsClient } from '../aws/logs-client.ts'
import type { Clock } from '../kernel/clock.ts'
import { gather } from '../kernel/gather.ts'
import { newId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { fileRecords } from './chain-files.ts'
import { cloudWatchGroup } from './cloudwatch-group.ts'
import { listLogRecords } from './list-log-records.ts'
import { listRecords, type PageRequest, type RecordFilter, type RecordPage } from './list-records.ts'
import type { LogGroup } from './log-group.ts'
import { logRecords } from './log-records.ts'
import { parseRecord } from './record.ts'
import type { RecordSource } from './record-source.ts'
import { type ChainedTrail, openLogTrail, openTrail } from './trail.ts'
import { verifyRecords } from './verify-trail.ts'

let aws: LabAws
let folder: string
let now: number
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    now += ms
  },
}
beforeAll(async () => {
  aws = await startLabAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-stored-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})
beforeEach(() => {
  now = Date.now() - 3_600_000
})

/** A trail wherever it is stored: writers, readers and lists of every kind must tell the same. */
type Stored = {
  open(writer: string): Promise<ChainedTrail>
  records: RecordSource
  list(filter: RecordFilter, page: PageRequest): Promise<RecordPage>
}
const inFiles = async (): Promise<Stored> => {
  const directory = join(folder, newId())
  return {
    open: (writer) => openTrail({ directory, writer, clock, log: silentLog }),
    records: fileRecords(directory),
    list: (filter, page) => listRecords(directory, filter, page),
  }
}
const inGroup = (group: LogGroup): Stored => ({
  open: (writer) => openLogTrail({ group, writer, clock, log: silentLog }),
  records: logRecords({ group, clock }),
  list: (filter, page) => listLogRecords(group, filter, page),
})
const inCloudWatch = async (): Promise<Stored> => {
  const client = createLogsClient('eu-west-1')
  const logGroupName = `trail-${newId()}`
  await client.send(new CreateLogGroupCommand({ logGroupName }))
  return inGroup(cloudWatchGroup(client, logGroupName))
}

const event = (n: number): AuditEvent => ({
  kind: n % 2 ? 'session.connected' : 'sign-in.succeeded',
  actor: `person-${n % 3}`,
  subject: `connection-${n}`,
  source: 'fact',
  data: { n, odd: 'a\u2028b\u0000 ✓' },
})
const subjects = async (records: RecordSource, writer: string, from?: string) =>
  (await gather(records.read(writer, from))).map(({ bytes }) => parseRecord(bytes)?.subject)
const numbered = (from: number, to: number) => [...Array(to - from + 1).keys()].map((n) => `connection-${from + n}`)

describe.each<[string, () => Promise<Stored>]>([
  ['files', inFiles],
  ['the fake log group', async () => inGroup(createFakeLogGroup(clock))],
  ['CloudWatch Logs', inCloudWatch],
])('a trail in %s', (_where, make) => {
  test('goes on over restarts, each record once, in order, also of one moment', async () => {
    const { open, records } = await make()
    for (let life = 0; life < 3; life += 1) {
      const trail = await open('node-1')
      await Promise.all([...Array(20).keys()].map((n) => trail.record(event(life * 20 + n))))
      expect(trail.state()).toEqual({ writable: true, seq: (life + 1) * 20 })
      await trail.close()
      now += 60_000
    }
    expect(await subjects(records, 'node-1')).toEqual(numbered(0, 59))
    expect(await verifyRecords({ records })).toMatchObject({ ok: true, records: 60 })
  })

  test('a clock set back does not reorder it', async () => {
    const { open, records } = await make()
    for (const step of [0, -600_000, 60_000]) {
      now += step
      const trail = await open('node-1')
      await trail.record(event(1))
      await trail.close()
    }
    expect(await verifyRecords({ records })).toMatchObject({ ok: true, records: 3 })
  })

  test('knows its writers, and begins again at a mark', async () => {
    const { open, records } = await make()
    expect(await records.writers()).toEqual([])
    for (const writer of ['node-2', 'node-1']) {
      const trail = await open(writer)
      for (let n = 0; n < 5; n += 1) {
        now += 1_000
        await trail.record(event(n))
      }
      await trail.close()
    }
    expect(await records.writers()).toEqual(['node-1', 'node-2'])
    const lines = await gather(records.read('node-1'))
    expect(lines.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5])
    expect(await subjects(records, 'node-1', lines[2]?.mark)).toEqual(numbered(2, 4))
    expect(await subjects(records, 'nobody')).toEqual([])
  })

  test('is listed newest first, filtered, page by page, over writers', async () => {
    const { open, list } = await make()
    const trails = await Promise.all(['node-1', 'node-2'].map(open))
    const begun = now
    for (let n = 0; n < 40; n += 1) {
      if (n % 4 === 0) now += 1_000
      await trails[n % 2]?.record(event(n))
    }
    const walk = async (filter: RecordFilter, limit: number) => {
      const seen: number[] = []
      let cursor: string | undefined
      do {
        const page = await list(filter, { limit, cursor })
        expect(page.items.length).toBeLessThanOrEqual(limit)
        seen.push(...page.items.map(({ data }) => Number(data?.['n'])))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      return seen
    }
    const all = await walk({}, 7)
    expect([...all].sort((a, b) => a - b)).toEqual([...Array(40).keys()])
    expect(await walk({}, 100)).toEqual(all)
    expect(await walk({ actor: 'person-1' }, 3)).toEqual(all.filter((n) => n % 3 === 1))
    expect(await walk({ kind: 'session' }, 5)).toEqual(all.filter((n) => n % 2 === 1))
    const at = (ms: number) => new Date(begun + ms).toISOString()
    const some = all.filter((n) => n >= 8 && n < 20)
    expect(await walk({ from: at(3_000), to: at(5_000) }, 5)).toEqual(some)
    expect((await list({}, { limit: 40 })).nextCursor).toBeUndefined()
    await Promise.all(trails.map((trail) => trail.close()))
  })
})
