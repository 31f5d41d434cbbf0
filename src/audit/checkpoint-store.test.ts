import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  type ObjectLockConfiguration,
  PutObjectLockConfigurationCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeBucket } from '../../test/fixtures/bucket.ts'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { type Bucket, createS3Client, openBucket } from '../aws/bucket.ts'
import { gather } from '../kernel/gather.ts'
import { newId } from '../kernel/ids.ts'
import { silentLog } from '../kernel/log.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import { bucketCheckpoints } from './bucket-checkpoints.ts'
import { fileRecords } from './chain-files.ts'
import { type CheckpointStore, fileCheckpoints } from './checkpoint-store.ts'
import { createNotary } from './notary.ts'
import { openTrail } from './trail.ts'
import { verifyRecords } from './verify-trail.ts'

let aws: LabAws
let folder: string
beforeAll(async () => {
  aws = await startLabAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-checkpoints-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})

/** As the installation page has it made: with object lock, nobody may shorten or remove for a year. */
async function lockedBucket(): Promise<Bucket> {
  const Bucket = `checkpoints-${newId()}`
  const s3 = createS3Client('eu-west-1', process.env)
  const where = { LocationConstraint: 'eu-west-1' } as const
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: where, ObjectLockEnabledForBucket: true }))
  const lock: ObjectLockConfiguration = {
    ObjectLockEnabled: 'Enabled',
    Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 365 } },
  }
  await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: lock }))
  return openBucket(s3, { bucket: Bucket, prefix: 'acme' })
}

/** Opens the same place again each time. */
type Place = () => CheckpointStore
const places: [string, () => Promise<Place>][] = [
  [
    'a folder',
    async () => {
      const path = join(folder, newId())
      return () => fileCheckpoints(path)
    },
  ],
  [
    'the fake bucket',
    async () => {
      const bucket = createFakeBucket()
      return () => bucketCheckpoints(bucket)
    },
  ],
  [
    'a locked bucket in S3',
    async () => {
      const bucket = await lockedBucket()
      return () => bucketCheckpoints(bucket)
    },
  ],
]

const texts = async (store: CheckpointStore) =>
  (await gather(store.read())).map(({ line, bytes }) => `${line} ${bytes}`)

describe.each(places)('checkpoints in %s', (_name, make) => {
  test('come back in order, the last at once, also for the next process', async () => {
    const place = await make()
    expect(await place().last()).toBeUndefined()
    let store = place()
    for (let n = 1; n <= 21; n += 1) {
      if (n % 5 === 0) {
        store = place()
        expect(String(await store.last())).toBe(`checkpoint ${n - 1}`)
      }
      await store.append(`checkpoint ${n}`)
    }
    expect(String(await place().last())).toBe('checkpoint 21')
    expect(await texts(place())).toEqual([...Array(21).keys()].map((n) => `${n + 1} checkpoint ${n + 1}`))
  })

  test('keep the first public key', async () => {
    const place = await make()
    expect(await place().publicKey()).toBeUndefined()
    await place().publishKey('one')
    await place().publishKey('two')
    expect(await place().publicKey()).toBe('one')
  })

  test('prove a trail, by a notary that was started again', async () => {
    const place = await make()
    const clock = createFakeClock()
    const directory = join(folder, newId())
    const signer = await openSigningKey(join(folder, 'signing.pem'))
    const trail = await openTrail({ directory, writer: 'node-1', clock, log: silentLog })
    for (let life = 0; life < 3; life += 1) {
      const notarise = createNotary({ records: fileRecords(directory), checkpoints: place(), signer, clock })
      await trail.record({ kind: 'node.started', actor: 'system:node', subject: 'node', source: 'fact' })
      await clock.advance(10_000)
      expect(await notarise()).toMatchObject({ signed: true, faults: [] })
    }
    await trail.close()
    const found = await verifyRecords({ records: fileRecords(directory), checkpoints: place() })
    expect(found).toMatchObject({ ok: true, records: 3, unsigned: 0 })
  })
})

describe('checkpoints in a bucket', () => {
  const notaryOn = async (bucket: Bucket, key = 'signing.pem') => {
    const clock = createFakeClock()
    const directory = join(folder, newId())
    const trail = await openTrail({ directory, writer: 'node-1', clock, log: silentLog })
    const signer = await openSigningKey(join(folder, key))
    const begin = () =>
      createNotary({ records: fileRecords(directory), checkpoints: bucketCheckpoints(bucket), signer, clock })
    const speak = async () => {
      await trail.record({ kind: 'node.started', actor: 'system:node', subject: 'node', source: 'fact' })
      await clock.advance(10_000)
    }
    return { begin, speak, records: fileRecords(directory) }
  }

  test('two notaries make one chain', async () => {
    const bucket = createFakeBucket()
    const { begin, speak, records } = await notaryOn(bucket)
    const two = [begin(), begin()]
    for (let round = 0; round < 6; round += 1) {
      await speak()
      await Promise.allSettled(two.map((notarise) => notarise()))
    }
    expect(bucket.held.size).toBe(7)
    expect(await verifyRecords({ records, checkpoints: bucketCheckpoints(bucket) })).toMatchObject({
      ok: true,
      unsigned: 0,
    })
  })

  test('a notary with another key does not sign', async () => {
    const bucket = createFakeBucket()
    const one = await notaryOn(bucket)
    await one.speak()
    await one.begin()()
    const other = await notaryOn(bucket, 'other.pem')
    await expect(other.begin()()).rejects.toMatchObject({ code: 'AUDIT_KEY_CHANGED' })
  })

  test('what is written over a checkpoint or the key does not count', async () => {
    const bucket = await lockedBucket()
    const { begin, speak, records } = await notaryOn(bucket)
    const notarise = begin()
    for (let n = 0; n < 3; n += 1) {
      await speak()
      await notarise()
    }
    for (const key of ['checkpoints/000000000002.json', 'public-key.pem']) await bucket.put(key, Buffer.from('forged'))
    const found = await verifyRecords({ records, checkpoints: bucketCheckpoints(bucket) })
    expect(found).toMatchObject({ ok: true, records: 3, unsigned: 0 })
  })

  test('a lost reply does not stop the next round', async () => {
    const bucket = createFakeBucket()
    const { begin, speak, records } = await notaryOn(bucket)
    const notarise = begin()
    await speak()
    await notarise()
    await speak()
    bucket.lostReplies = 1
    await expect(notarise()).rejects.toMatchObject({ code: 'BUCKET_UNAVAILABLE' })
    await speak()
    await notarise()
    expect(await verifyRecords({ records, checkpoints: bucketCheckpoints(bucket) })).toMatchObject({
      ok: true,
      unsigned: 0,
    })
  })
})
