import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { FakeClock } from '../../test/fixtures/fake-clock.ts'
import { type RecordingStage, setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import type { Signer } from '../kernel/signer.ts'
import { INDEX, partName, type RecordedEvent, sliceName } from './format.ts'
import { parseEvents } from './reader.ts'
import { openRecorder } from './recorder.ts'
import { directoryFiles, type RecordingFiles } from './recording-files.ts'
import { createScreenReader } from './screen.ts'

let stage: RecordingStage
let directory: string
let signer: Signer
let clock: FakeClock

beforeEach(async () => {
  stage = await setRecordingStage()
  ;({ folder: directory, signer, clock } = stage)
})
afterEach(() => stage.close())

const facts = () => stage.facts({ cols: 40, rows: 5 })

const openWith = (files: RecordingFiles = directoryFiles(directory)) =>
  openRecorder({ files, spool: directory, facts: facts(), signer, clock })
const recordingsOf = (files: RecordingFiles) => stage.open({ files })

describe('a recorder', () => {
  test('closes the slice of a session that has fallen silent', async () => {
    const recorder = await openWith()
    const folder = join(directory, recorder.facts.id)
    recorder.output(Buffer.from('last words'))
    await clock.advance(1_100)
    await recorder.written()
    expect(statSync(join(folder, partName(1))).size).toBeGreaterThan(0)
    expect(existsSync(join(folder, sliceName(1)))).toBe(false)
    await clock.advance(59_000)
    await vi.waitFor(() => expect(existsSync(join(folder, sliceName(1)))).toBe(true))
    await recorder.seal('closed-by-person')
  })

  test('writes in time though the clock of the machine is set back, and nothing recorded goes back', async () => {
    const recorder = await openWith()
    const folder = join(directory, recorder.facts.id)
    await clock.advance(500)
    recorder.output(Buffer.from('before'))
    clock.set(clock.now() - 3_600_000)
    await clock.advance(1_100)
    await vi.waitFor(() => expect(readFileSync(join(folder, partName(1)), 'utf8')).toBe('[500,"o","before"]\n'))
    recorder.output(Buffer.from('after'))
    await clock.advance(400)
    expect(await recorder.seal('closed-by-person')).toMatchObject({ durationMs: 2_000 })
    const { events } = parseEvents(gunzipSync(readFileSync(join(folder, sliceName(1)))))
    expect(events).toEqual([
      [500, 'o', 'before'],
      [1_600, 'o', 'after'],
    ])
  })

  test('a disk that does not answer ends the session within two seconds', async () => {
    const files = directoryFiles(directory)
    let hang = false
    const hanging: RecordingFiles = {
      ...files,
      put: (...put) => (hang ? new Promise(() => undefined) : files.put(...put)),
    }
    const recorder = await openWith(hanging)
    hang = true
    const before = clock.now()
    // Eight slices may wait for the store; the ninth stops the shell, and then the clock runs.
    const slice = Buffer.alloc(1_200_000, 'x')
    for (let n = 0; n < 8; n += 1) {
      recorder.output(slice)
      await recorder.written()
    }
    recorder.output(slice)
    void recorder.written()
    let failure: unknown
    void recorder.failed.then((error) => {
      failure = error.code
    })
    expect(recorder.pending()).toBeGreaterThan(0)
    await clock.advance(2_000)
    expect(failure).toBe('RECORDING_UNAVAILABLE')
    expect(clock.now() - before).toBeLessThanOrEqual(2_000)
    await expect(recorder.seal('recording-failed')).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' })
  })

  test('within two seconds of the output, when nobody asks for it to be written', async () => {
    const files = directoryFiles(directory)
    let hang = false
    const recorder = await openWith({
      ...files,
      put: (...put) => (hang ? new Promise(() => undefined) : files.put(...put)),
    })
    hang = true
    for (const size of [...Array(8).fill(1_200_000), 1_000_000]) {
      recorder.output(Buffer.alloc(size, 'x'))
      await recorder.written()
    }
    let failure: unknown
    void recorder.failed.then((error) => {
      failure = error.code
    })
    // With it the ninth slice is full, and too little to be written at once.
    recorder.output(Buffer.alloc(60_000, 'x'))
    await clock.advance(1_100)
    const ninth = join(directory, recorder.facts.id, partName(9))
    await vi.waitFor(() => expect(statSync(ninth).size).toBeGreaterThan(1_050_000))
    await clock.advance(890)
    expect(failure).toBe('RECORDING_UNAVAILABLE')
  })

  test('a store that refuses a slice fails the recording', async () => {
    const files = directoryFiles(directory)
    const refusing: RecordingFiles = {
      ...files,
      put: (id, name, bytes) =>
        name.endsWith('.slice') ? Promise.reject(new Error('no space left')) : files.put(id, name, bytes),
    }
    const recorder = await openWith(refusing)
    recorder.output(Buffer.alloc(1_200_000, 'x'))
    await recorder.flush()
    expect((await recorder.failed).message).toContain('no space left')
  })

  test.each([
    ['text', Buffer.from('grün ✓ 🌮\r\n'.repeat(20_000)), 'o', 'utf8'],
    ['bytes that are no text', Buffer.alloc(300_000, 0xfe), 'b', 'base64'],
  ] as const)('a flood of %s comes back whole', async (_what, flood, kept, encoding) => {
    const recorder = await openWith()
    recorder.output(flood)
    await recorder.seal('closed-by-person')
    const stored = readFileSync(join(directory, recorder.facts.id, sliceName(1)))
    const { events } = parseEvents(gunzipSync(stored))
    expect(events.every(([, kind]) => kind === kept)).toBe(true)
    expect(Buffer.concat(events.map(([, , data]) => Buffer.from(data, encoding))).equals(flood)).toBe(true)
  })

  test('whoever begins to watch at any moment sees the screen and every event after it', async () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
      fc.constantFrom('\r\n', '\u001b[2J', '\u001b[31mred', '\u001b[H', 'x'.repeat(50)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 40 }), fc.nat(), async (pieces, at) => {
        const recorder = await openWith()
        let watched: { data: string; events: RecordedEvent[] } | undefined
        const joining: Promise<unknown>[] = []
        for (const [n, text] of pieces.entries()) {
          if (n === at % pieces.length) {
            const events: RecordedEvent[] = []
            joining.push(
              recorder.watch({
                screen: ({ data }) => {
                  watched = { data, events }
                },
                event: (event) => events.push(event),
              }),
            )
          }
          recorder.output(Buffer.from(text))
          if (n % 3 === 0) await recorder.flush()
        }
        await Promise.all(joining)
        await recorder.flush()
        await recorder.seal('closed-by-person')
        const whole = createScreenReader(40, 5)
        const late = createScreenReader(40, 5)
        for await (const event of recordingsOf(directoryFiles(directory)).events(recorder.facts.id)) {
          await whole.feed([event])
        }
        await late.feed([[0, 'o', watched?.data ?? ''], ...(watched?.events ?? [])])
        expect(late.lines()).toEqual(whole.lines())
      }),
      { numRuns: 30 },
    )
  })
})

describe('what a dead node left', () => {
  test.each(['before', 'after'])('a crash %s the plain slice is removed loses nothing', async (when) => {
    const files = directoryFiles(directory)
    const recorder = await openWith()
    recorder.output(Buffer.from('one'))
    await recorder.flush()
    const folder = join(directory, recorder.facts.id)
    const plain = readFileSync(join(folder, partName(1)))
    for (let second = 0; second < 62; second += 1) {
      await clock.advance(1_000)
      await recorder.flush()
    }
    recorder.output(Buffer.from('two'))
    await recorder.flush()
    if (when === 'before') writeFileSync(join(folder, partName(1)), plain)
    const sealed = await recordingsOf(files).sealAbandoned(recorder.facts.id, 'node-lost')
    expect(sealed).toMatchObject({ slices: 2, lostBytes: 0 })
    expect(await recordingsOf(files).verify(recorder.facts.id, sealed?.manifest)).toMatchObject({ ok: true })
  })

  test('a session that died before its first word is sealed empty', async () => {
    const recorder = await openWith()
    const sealed = await recordingsOf(directoryFiles(directory)).sealAbandoned(recorder.facts.id, 'node-lost')
    expect(sealed).toMatchObject({ slices: 0, durationMs: 0 })
  })
})

test('an index that somebody has rewritten is made anew', async () => {
  const files = directoryFiles(directory)
  const recorder = await openWith()
  for (let n = 0; n < 70; n += 1) {
    recorder.output(Buffer.from(`${n}\r\n`))
    await clock.advance(1_000)
    await recorder.flush()
  }
  await recorder.seal('closed-by-person')
  const { id } = recorder.facts
  const genuine = await recordingsOf(files).index(id)
  const forged = JSON.parse(String(await files.get(id, INDEX)))
  forged.screens[0].data = 'nothing happened here'
  await files.replace(id, INDEX, Buffer.from(JSON.stringify(forged)))
  expect(genuine?.screens).toHaveLength(1)
  expect(await recordingsOf(files).index(id)).toEqual(genuine)
})
