import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFakeBucket, type FakeBucket } from '../../test/fixtures/bucket.ts'
import type { FakeClock } from '../../test/fixtures/fake-clock.ts'
import { type RecordingStage, setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import { bucketFiles } from './bucket-files.ts'
import type { Recorder } from './recorder.ts'
import type { Recordings } from './recordings.ts'

let stage: RecordingStage
let spool: string
let clock: FakeClock
let bucket: FakeBucket
let recordings: Recordings
const LIMIT = 2_000_000

beforeEach(async () => {
  stage = await setRecordingStage()
  ;({ folder: spool, clock } = stage)
  bucket = createFakeBucket()
  recordings = begin()
})
afterEach(() => stage.close())

const begin = (folder = spool) => stage.open({ files: bucketFiles(bucket), spool: folder, spoolLimit: LIMIT })
const open = () => recordings.open(stage.facts())

/** The disk is real, time is not: between two steps of it the disk is waited for. */
async function pass(recorder: Recorder, seconds: number) {
  for (let n = 0; n < 2 * seconds; n += 1) {
    await clock.advance(500)
    await recorder.written()
  }
}
async function speak(recorder: Recorder, seconds: number) {
  for (let n = 0; n < seconds; n += 1) {
    recorder.output(Buffer.from(`second ${clock.now()}\r\n`))
    await pass(recorder, 1)
  }
}
const slicesOf = (id: string) => [...bucket.held.keys()].filter((key) => key.startsWith(id) && key.endsWith('.slice'))
const secondsIn = async (id: string) => {
  let text = ''
  for await (const [, , data] of recordings.events(id)) text += data
  return text.match(/second/g)?.length ?? 0
}
const failureOf = (recorder: Recorder) => {
  const seen: { code?: string } = {}
  void recorder.failed.then(({ code }) => Object.assign(seen, { code }))
  return seen
}

async function endUnsealed(recorder: Recorder) {
  let refused: unknown
  void recorder.seal('closed-by-person').catch((error: unknown) => {
    refused = error
  })
  const look = async () => {
    await clock.advance(500)
    expect(refused).toMatchObject({ code: 'RECORDING_UNAVAILABLE' })
  }
  await vi.waitFor(look, { timeout: 10_000, interval: 20 })
}

describe('while S3 is away', () => {
  test('a slice whose first try took too long, and was stored after all, is no trouble to the next', async () => {
    const slow = Promise.withResolvers<void>()
    const { create } = bucket
    let isSlow = false
    bucket.create = async (key, bytes) => {
      if (isSlow && key.endsWith('.slice')) await slow.promise
      return create(key, bytes)
    }
    const recorder = await open()
    isSlow = true
    await speak(recorder, 30)
    isSlow = false
    slow.resolve()
    await speak(recorder, 40)
    const sealed = await recorder.seal('closed-by-person')
    expect(recordings.waiting()).toBe(0)
    expect(await recordings.verify(recorder.facts.id, sealed.manifest)).toMatchObject({ ok: true })
    expect(await secondsIn(recorder.facts.id)).toBe(70)
  })

  test('a session goes on, can be watched, and is whole in the bucket afterwards', async () => {
    const recorder = await open()
    const failure = failureOf(recorder)
    await speak(recorder, 12)
    bucket.trouble = 'away'
    await speak(recorder, 60)
    const before = slicesOf(recorder.facts.id).length
    expect(recordings.waiting()).toBeGreaterThan(0)
    bucket.trouble = undefined
    await speak(recorder, 40)
    expect(slicesOf(recorder.facts.id).length).toBeGreaterThan(before + 10)
    const sealed = await recorder.seal('closed-by-person')
    expect(failure).toEqual({})
    expect(recordings.waiting()).toBe(0)
    expect(await recordings.verify(recorder.facts.id, sealed.manifest)).toMatchObject({ ok: true })
    expect(await secondsIn(recorder.facts.id)).toBe(112)
  })

  test('no session begins', async () => {
    bucket.trouble = 'away'
    await expect(open()).rejects.toMatchObject({ code: 'BUCKET_UNAVAILABLE' })
  })

  test('sessions end when no more may wait on the disk', async () => {
    const recorder = await open()
    const failure = failureOf(recorder)
    bucket.trouble = 'away'
    for (let n = 0; n < 20 && failure.code === undefined; n += 1) {
      recorder.output(Buffer.alloc(256 * 1024, 'x'))
      await pass(recorder, 1)
    }
    expect(failure).toEqual({ code: 'RECORDING_UNAVAILABLE' })
    expect((await recorder.failed).message).toContain(String(LIMIT))
    expect(recordings.waiting()).toBeLessThanOrEqual(LIMIT)
    await expect(recorder.seal('recording-failed')).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' })
    // Everything that was shown is kept, and sealed when the bucket is back.
    bucket.trouble = undefined
    expect(await recordings.spooled()).toEqual([recorder.facts.id])
    // The recorder's last try may still be on its way; then the next round seals.
    const sealed = await vi.waitFor(() => recordings.sealAbandoned(recorder.facts.id, 'recording-failed'))
    expect(await recordings.verify(recorder.facts.id, sealed?.manifest)).toMatchObject({ ok: true })
    expect(await recordings.spooled()).toEqual([])
  })

  test('a session that ends is sealed by the next process', async () => {
    const recorder = await open()
    await speak(recorder, 12)
    bucket.trouble = 'away'
    await speak(recorder, 12)
    await endUnsealed(recorder)
    bucket.trouble = undefined
    recordings = begin()
    const sealed = await recordings.sealAbandoned(recorder.facts.id, 'closed-by-person')
    expect(await recordings.verify(recorder.facts.id, sealed?.manifest)).toMatchObject({ ok: true })
    expect(await secondsIn(recorder.facts.id)).toBe(24)
  })

  test('what an ended session left counts as waiting until it is stored, and no longer', async () => {
    const recorder = await open()
    bucket.trouble = 'away'
    recorder.output(Buffer.alloc(1_200_000, 'x'))
    await pass(recorder, 2)
    await endUnsealed(recorder)
    expect(recordings.waiting()).toBeGreaterThan(1_200_000)
    await expect(recordings.sealAbandoned(recorder.facts.id, 'closed-by-person')).rejects.toThrow()
    expect(recordings.waiting()).toBeGreaterThan(1_200_000)
    bucket.trouble = undefined
    await recordings.sealAbandoned(recorder.facts.id, 'closed-by-person')
    expect(recordings.waiting()).toBe(0)
  })

  test('what another node sealed without waits no more', async () => {
    const recorder = await open()
    await speak(recorder, 12)
    bucket.trouble = 'away'
    await speak(recorder, 12)
    await endUnsealed(recorder)
    bucket.trouble = undefined
    await begin(join(spool, 'elsewhere')).sealAbandoned(recorder.facts.id, 'node-lost')
    expect(recordings.waiting()).toBeGreaterThan(0)
    expect(await recordings.sealAbandoned(recorder.facts.id, 'closed-by-person')).toBeUndefined()
    expect(recordings.waiting()).toBe(0)
  })
})

test('S3 that denies ends the session within two seconds', async () => {
  const recorder = await open()
  const failure = failureOf(recorder)
  await speak(recorder, 7)
  bucket.trouble = 'denied'
  recorder.output(Buffer.alloc(1_200_000, 'x'))
  await pass(recorder, 2)
  // No more time passes: only compressing is waited for.
  await expect.poll(() => failure.code).toBe('BUCKET_DENIED')
})

test('outages that end one session after the other take no room from those that come later', async () => {
  for (let outage = 0; outage < 3; outage += 1) {
    const recorder = await open()
    const failure = failureOf(recorder)
    await speak(recorder, 6)
    bucket.trouble = 'denied'
    recorder.output(Buffer.alloc(1_200_000, 'x'))
    await pass(recorder, 2)
    await expect.poll(() => failure.code).toBe('BUCKET_DENIED')
    bucket.trouble = undefined
    await recordings.sealAbandoned(recorder.facts.id, 'recording-failed')
  }
  const last = await open()
  const failure = failureOf(last)
  last.output(Buffer.alloc(1_200_000, 'x'))
  await pass(last, 2)
  const sealed = await last.seal('closed-by-person')
  expect(failure).toEqual({})
  expect(await recordings.verify(last.facts.id, sealed.manifest)).toMatchObject({ ok: true })
  expect(recordings.waiting()).toBe(0)
})

test('a lost reply stores a slice once', async () => {
  const recorder = await open()
  bucket.lostReplies = 1
  await speak(recorder, 20)
  const sealed = await recorder.seal('closed-by-person')
  expect(await recordings.verify(recorder.facts.id, sealed.manifest)).toMatchObject({ ok: true })
  expect([...bucket.held.values()].every((versions) => versions.length === 1)).toBe(true)
})

test('two nodes that seal what a third one left leave one seal', async () => {
  const recorder = await open()
  await speak(recorder, 12)
  await recorder.flush()
  const nodes = ['one', 'two'].map((name) => begin(join(spool, name)))
  const sealed = await Promise.allSettled(nodes.map((node) => node.sealAbandoned(recorder.facts.id, 'node-lost')))
  expect(sealed.some(({ status }) => status === 'fulfilled')).toBe(true)
  expect(bucket.held.get(`${recorder.facts.id}/manifest.json`)).toHaveLength(1)
  expect(await recordings.verify(recorder.facts.id)).toMatchObject({ ok: true })
})
