import { CreateBucketCommand, HeadObjectCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createFakeBucket } from '../../test/fixtures/bucket.ts'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { gather } from '../kernel/gather.ts'
import { newId } from '../kernel/ids.ts'
import { type Bucket, createS3Client, openBucket } from './bucket.ts'
import { parseS3Url } from './s3-url.ts'

let aws: LabAws
beforeAll(async () => {
  aws = await startLabAws()
})
afterAll(() => aws.stop())
beforeEach(() => aws.lab.setFaults([]))

const client = () => createS3Client('eu-west-1', process.env)
async function realBucket(prefix: string, versioned: boolean): Promise<Bucket> {
  const Bucket = `bucket-${newId()}`
  const s3 = client()
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }))
  const on = { Bucket, VersioningConfiguration: { Status: 'Enabled' } } as const
  if (versioned) await s3.send(new PutBucketVersioningCommand(on))
  return openBucket(s3, { bucket: Bucket, prefix })
}

const text = (bytes: Buffer | undefined) => bytes?.toString('utf8')

describe.each<[string, () => Promise<Bucket>]>([
  ['the fake', async () => createFakeBucket()],
  ['S3, with versions and a prefix', () => realBucket('trail/here', true)],
  ['S3, without either', () => realBucket('', false)],
])('a bucket: %s', (name, open) => {
  test('gives back what it was given, and nothing for what is not there', async () => {
    const bucket = await open()
    await bucket.put('a/1', Buffer.from([0, 255, 10]))
    expect(await bucket.get('a/1')).toEqual(Buffer.from([0, 255, 10]))
    expect(await bucket.get('a/2')).toBeUndefined()
  })

  test('creates once, and takes the same bytes again for the same', async () => {
    const bucket = await open()
    expect(await bucket.create('a/1', Buffer.from('one'))).toBe(true)
    expect(await bucket.create('a/1', Buffer.from('one'))).toBe(true)
    expect(await bucket.create('a/1', Buffer.from('two'))).toBe(false)
    expect(text(await bucket.get('a/1'))).toBe('one')
  })

  test('lists in order, from a key on, and its folders', async () => {
    const bucket = await open()
    for (const key of ['b/2', 'a/1', 'b/1', 'c']) await bucket.put(key, Buffer.from(key))
    expect(await gather(bucket.keys(''))).toEqual(['a/1', 'b/1', 'b/2', 'c'])
    expect(await gather(bucket.keys('b/'))).toEqual(['b/1', 'b/2'])
    expect(await gather(bucket.keys('b/', 'b/1'))).toEqual(['b/2'])
    expect(await gather(bucket.folders())).toEqual(['a', 'b'])
  })

  test('knows the first version of what was replaced', async () => {
    const bucket = await open()
    await bucket.put('a/1', Buffer.from('one'))
    const [first] = await gather(bucket.versions('a/'))
    expect(first?.key).toBe('a/1')
    expect(text(await bucket.get('a/1', first?.version))).toBe('one')
    if (name.includes('without')) return
    await bucket.put('a/1', Buffer.from('two'))
    const versions = await gather(bucket.versions('a/'))
    expect(await Promise.all(versions.map(async ({ version }) => text(await bucket.get('a/1', version))))).toEqual([
      'two',
      'one',
    ])
  })
})

test.each([
  ['AccessDenied', 403, 'BUCKET_DENIED'],
  ['InternalError', 500, 'BUCKET_UNAVAILABLE'],
])('%s is %s', async (code, status, expected) => {
  const bucket = await realBucket('p', false)
  await aws.lab.setFaults([{ service: 's3', code, status }])
  const calls = [
    () => bucket.get('a'),
    () => bucket.create('a', Buffer.from('a')),
    () => gather(bucket.keys('')),
    () => gather(bucket.versions('')),
  ]
  for (const call of calls) {
    await expect(call()).rejects.toMatchObject({ code: expected })
  }
})

test('a lost reply is not a foreign object', async () => {
  const bucket = await realBucket('p', false)
  await aws.lab.setFaults([
    { service: 's3', action: 'PutObject', code: 'InternalError', status: 500, lost_reply: true, count: 1 },
  ])
  expect(await bucket.create('a', Buffer.from('mine'))).toBe(true)
})

test('encrypts with the key that was named', async () => {
  const named = await realBucket('p', false)
  const bucket = named.url.slice('s3://'.length, -'/p'.length)
  const kmsKey = 'arn:aws:kms:eu-west-1:123456789012:key/6f6d2b5e-0000-4000-8000-000000000001'
  await openBucket(client(), { bucket, prefix: 'p', kmsKey }).create('a', Buffer.from('a'))
  const head = await client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'p/a' }))
  expect(head).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKey })
})

test('a store that never answers is given up', async () => {
  const bucket = await realBucket('p', false)
  await aws.lab.setFaults([{ service: 's3', action: 'PutObject', delay_ms: 2_000 }])
  const hasty = openBucket(createS3Client('eu-west-1', process.env, { answerWithin: 200 }), {
    bucket: bucket.url.slice('s3://'.length, -'/p'.length),
    prefix: 'p',
  })
  await expect(hasty.create('a', Buffer.from('a'))).rejects.toMatchObject({ code: 'BUCKET_UNAVAILABLE' })
})

test('a bucket that is not there is named', async () => {
  const bucket = openBucket(client(), { bucket: 'nowhere-at-all', prefix: 'p' })
  await expect(bucket.get('a')).rejects.toMatchObject({ code: 'BUCKET_MISSING' })
  await expect(bucket.create('a', Buffer.from('a'))).rejects.toMatchObject({ code: 'BUCKET_MISSING' })
})

test.each([
  ['s3://acme-trail', { bucket: 'acme-trail', prefix: '' }],
  ['s3://acme-trail/a/b/', { bucket: 'acme-trail', prefix: 'a/b' }],
  ['/var/lib/enchilada', undefined],
  ['s3://', undefined],
])('%s', (url, place) => {
  expect(parseS3Url(url)).toEqual(place)
})
