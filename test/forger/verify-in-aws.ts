import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { bucketCheckpoints } from '../../src/audit/bucket-checkpoints.ts'
import { listDayFiles, listWriters } from '../../src/audit/chain-files.ts'
import { CHECKPOINTS, PUBLIC_KEY } from '../../src/audit/checkpoint-store.ts'
import { logRecords } from '../../src/audit/log-records.ts'
import { parseRecord } from '../../src/audit/record.ts'
import type { RecordSource } from '../../src/audit/record-source.ts'
import type { Bucket } from '../../src/aws/bucket.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { bucketFiles } from '../../src/recording/bucket-files.ts'
import { createFakeBucket } from '../fixtures/bucket.ts'
import { createFakeLogGroup } from '../fixtures/log-group.ts'
import { judge, type Verdict } from './verify-both.ts'
import type { World } from './world.ts'

/** A day after everything: whatever is missing is not on its way any more. */
const clock: Clock = { now: () => Date.UTC(2026, 10, 25), sleep: async () => undefined }

export type InAws = { verdict: Verdict; lines: readonly string[] }

/** The same world as it would lie in AWS: records in a log group, checkpoints and recordings in buckets. */
export async function verifyInAws(world: World): Promise<InAws> {
  const records = logRecords({ group: await logGroupOf(world), clock })
  const checkpoints = bucketCheckpoints(await checkpointsOf(world))
  const files = bucketFiles(await recordingsOf(world))
  return { verdict: await judge({ records, checkpoints, files }), lines: await linesOf(records) }
}

/**
 * A forgery is found, or has come to nothing: a log group has no order of its own, so that a record swapped, doubled or moved to another
 * day is read as it was written. What is said of recordings is the same wherever they lie.
 */
export const isRightInAws = (untouched: InAws, forged: InAws, ours: Verdict): boolean => {
  const ofRecordings = (verdict: Verdict) => verdict.faults.filter((fault) => fault.split(' ').length === 2)
  const undone = isDeepStrictEqual(forged.lines, untouched.lines)
  const trailFound = forged.verdict.faults.length > ofRecordings(forged.verdict).length
  return trailFound || (undone && isDeepStrictEqual(ofRecordings(forged.verdict), ofRecordings(ours)))
}

async function logGroupOf(world: World) {
  const group = createFakeLogGroup(clock)
  for (const writer of listWriters(world.trail)) {
    let at = 0
    const events = listDayFiles(world.trail, writer).flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((message) => {
          const record = parseRecord(Buffer.from(message))
          at = record ? Date.parse(record.at) : at
          return { at, message, ingestedAt: at }
        }),
    )
    group.held.set(
      writer,
      events.sort((a, b) => a.at - b.at),
    )
  }
  return group
}

async function checkpointsOf(world: World): Promise<Bucket> {
  const bucket = createFakeBucket()
  await bucket.put(PUBLIC_KEY, readFileSync(join(world.checkpoints, PUBLIC_KEY)))
  const store = bucketCheckpoints(bucket)
  for (const line of readFileSync(join(world.checkpoints, CHECKPOINTS), 'utf8').split('\n')) {
    if (line !== '') await store.append(line)
  }
  return bucket
}

async function recordingsOf(world: World): Promise<Bucket> {
  const bucket = createFakeBucket()
  for (const entry of readdirSync(world.recordings, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    await bucket.put(path.slice(world.recordings.length + 1), readFileSync(path))
  }
  return bucket
}

async function linesOf(records: RecordSource): Promise<string[]> {
  const lines: string[] = []
  for (const writer of await records.writers()) {
    for await (const { bytes } of records.read(writer)) lines.push(bytes.toString('utf8'))
  }
  return lines
}
