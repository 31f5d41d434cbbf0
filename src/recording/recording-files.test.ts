import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeBucket } from '../../test/fixtures/bucket.ts'
import { type LabAws, startLabAws } from '../../test/fixtures/lab-aws.ts'
import { setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import { createS3Client, openBucket } from '../aws/bucket.ts'
import { newId } from '../kernel/ids.ts'
import { bucketFiles } from './bucket-files.ts'
import { directoryFiles, type RecordingFiles } from './recording-files.ts'

let aws: LabAws
let folder: string
beforeAll(async () => {
  aws = await startLabAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-files-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})

async function inS3(): Promise<RecordingFiles> {
  const bucket = `recordings-${newId()}`
  const s3 = createS3Client('eu-west-1', process.env)
  const where = { LocationConstraint: 'eu-west-1' } as const
  // As the installation page has it made: every version is kept, whoever overwrites it.
  const locked = { ObjectLockEnabledForBucket: true }
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: where, ...locked }))
  return bucketFiles(openBucket(s3, { bucket, prefix: 'acme/recordings' }))
}

const stores: [string, () => Promise<RecordingFiles>][] = [
  ['a folder', async () => directoryFiles(join(folder, newId()))],
  ['the fake bucket', async () => bucketFiles(createFakeBucket())],
  ['S3, with object lock', inS3],
]

describe.each(stores)('files of recordings in %s', (_name, open) => {
  test('come back as they were, by recording, oldest first', async () => {
    const files = await open()
    // Of one moment, ids have no order.
    const [one = '', two = ''] = [newId(), newId()].sort()
    await files.put(two, 'session.json', Buffer.from('{}'))
    for (const name of ['000002.slice', '000001.slice']) await files.put(one, name, Buffer.from([0, 255, 10]))
    expect(await files.get(one, '000001.slice')).toEqual(Buffer.from([0, 255, 10]))
    expect(await files.get(one, '000003.slice')).toBeUndefined()
    expect(await files.names(one)).toEqual(['000001.slice', '000002.slice'])
    expect(await files.names(newId())).toEqual([])
    expect(await files.ids()).toEqual([one, two])
  })

  test('are written once; what is derived may be made anew', async () => {
    const files = await open()
    const id = newId()
    await files.put(id, 'manifest.json', Buffer.from('one'))
    await files.put(id, 'manifest.json', Buffer.from('one'))
    await expect(files.put(id, 'manifest.json', Buffer.from('two'))).rejects.toMatchObject({
      code: 'RECORDING_ALREADY_THERE',
    })
    expect(String(await files.get(id, 'manifest.json'))).toBe('one')
    await files.replace(id, 'index.json', Buffer.from('one'))
    await files.replace(id, 'index.json', Buffer.from('two'))
    expect(String(await files.get(id, 'index.json'))).toBe('two')
    expect(await files.names(id)).toEqual(['index.json', 'manifest.json'])
  })

  test('carry a whole session: recorded, watched back, searched, verified', async () => {
    const stage = await setRecordingStage()
    const { clock } = stage
    const recordings = stage.open({ files: await open(), spoolLimit: 50_000_000 })
    const recorder = await recordings.open(stage.facts())
    const { id } = recorder.facts
    for (let n = 0; n < 20; n += 1) {
      recorder.output(Buffer.from(`line ${n} ✓\r\n`))
      await clock.advance(1_000)
      await recorder.flush()
    }
    let text = ''
    for await (const [, , data] of recordings.events(id)) text += data
    expect(text).toContain('line 19 ✓')
    const sealed = await recorder.seal('closed-by-person')
    expect(await recordings.spooled()).toEqual([])
    expect(await recordings.verify(id, sealed.manifest)).toMatchObject({ ok: true, slices: sealed.slices })
    expect(await recordings.summary(id)).toMatchObject({ sealed: true, durationMs: 20_000 })
    expect((await recordings.index(id))?.slices).toHaveLength(sealed.slices)
    expect((await recordings.search(id, 'line 7')).hits).toMatchObject([{ line: 'line 7 ✓' }])
    expect(await recordings.sealAbandoned(id, 'node-lost')).toBeUndefined()
    stage.close()
  })
})
