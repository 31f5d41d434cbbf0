import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FakeClock } from '../../test/fixtures/fake-clock.ts'
import { type RecordingStage, setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import { sha256Hex } from '../kernel/ids.ts'
import type { Signer } from '../kernel/signer.ts'
import { chainSlices, MANIFEST, sliceName } from './format.ts'
import type { Recorder } from './recorder.ts'
import { directoryFiles } from './recording-files.ts'
import { openRecordings, type Recordings } from './recordings.ts'
import { sealSlices } from './seal.ts'
import { createTextCutter } from './text-cutter.ts'

let stage: RecordingStage
let directory: string
let signer: Signer
let recordings: Recordings
let clock: FakeClock

beforeEach(async () => {
  stage = await setRecordingStage()
  ;({ folder: directory, signer, clock } = stage)
  recordings = stage.open()
})
afterEach(() => stage.close())

/** In steps, so that the disk is never waited for while time jumps. */
async function pass(recorder: Recorder, ms: number) {
  for (let left = ms; left > 0; left -= 500) {
    await clock.advance(Math.min(500, left))
    await recorder.flush()
  }
}

async function record(parts: readonly string[], everyMs = 1_500) {
  const recorder = await recordings.open(stage.facts())
  for (const part of parts) {
    await pass(recorder, everyMs)
    recorder.output(Buffer.from(part))
    await recorder.flush()
  }
  return { recorder, id: recorder.facts.id, folder: join(directory, recorder.facts.id) }
}

const lines = [...Array(30).keys()].map((n) => `line ${n} \u001b[32mgrün\u001b[0m ✓\r\n`)

async function textOf(id: string): Promise<string> {
  let text = ''
  for await (const [, kind, data] of recordings.events(id)) {
    text += kind === 'o' ? data : kind === 'b' ? Buffer.from(data, 'base64').toString('latin1') : ''
  }
  return text
}

describe('a recording', () => {
  test('holds every byte, in slices of a minute, and verifies', async () => {
    const { recorder, id, folder } = await record(lines, 12_000)
    const sealed = await recorder.seal('closed-by-person')
    expect(await textOf(id)).toBe(lines.join(''))
    expect(sealed.slices).toBeGreaterThan(5)
    expect(readdirSync(folder).some((name) => name.endsWith('.part'))).toBe(false)
    expect(await recordings.verify(id, sealed.manifest)).toMatchObject({ ok: true, head: sealed.head })
  })

  test('can be read while it goes on', async () => {
    const { recorder, id } = await record(lines.slice(0, 10))
    expect(await textOf(id)).toBe(lines.slice(0, 10).join(''))
    const seen: unknown[] = []
    const stop = await recorder.watch({
      screen: ({ data }) => seen.push(data.includes('line 9') && !data.includes('line 10')),
      event: ([, , data]) => seen.push(data),
    })
    recorder.output(Buffer.from('line 10'))
    await recorder.flush()
    stop()
    recorder.output(Buffer.from('line 11'))
    await recorder.flush()
    expect(seen).toEqual([true, 'line 10'])
    await recorder.seal('closed-by-person')
  })

  test('what a dead process left is sealed by the next, a torn line cut off', async () => {
    const { id, folder } = await record(lines, 7_000)
    const part = readdirSync(folder).find((name) => name.endsWith('.part')) ?? ''
    writeFileSync(join(folder, part), '[1,"o","torn', { flag: 'a' })
    expect(await recordings.unsealed()).toEqual([id])
    const sealed = await recordings.sealAbandoned(id, 'node-lost')
    expect(await recordings.verify(id, sealed?.manifest)).toMatchObject({ ok: true })
    expect(await textOf(id)).toBe(lines.join(''))
    expect(await recordings.sealAbandoned(id, 'node-lost')).toBeUndefined()
  })

  test('a folder that cannot be written refuses the session', async () => {
    writeFileSync(join(directory, 'file'), '')
    const broken = openRecordings({
      files: directoryFiles(join(directory, 'file')),
      spool: join(directory, 'file'),
      signer,
      clock,
    })
    await expect(broken.open(stage.facts())).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' })
  })

  test('writing that fails is told, and the seal is refused', async () => {
    const { recorder, folder } = await record(lines.slice(0, 2))
    rmSync(folder, { recursive: true })
    recorder.output(Buffer.from('more'))
    await pass(recorder, 61_000)
    expect((await recorder.failed).code).toBe('RECORDING_UNAVAILABLE')
    await expect(recorder.seal('recording-failed')).rejects.toMatchObject({ code: 'RECORDING_UNAVAILABLE' })
  })

  test('text is found where it stood on the screen', async () => {
    const { recorder, id } = await record(['secret-', '\u001b[1mtoken\u001b[0m here\r\n', ...lines])
    await recorder.seal('closed-by-person')
    const { hits } = await recordings.search(id, 'secret-token')
    expect(hits).toEqual([{ ms: 3_000, line: 'secret-token here' }])
  })

  test('an index has a screen a minute, from which the rest plays on', async () => {
    const { recorder, id } = await record(lines, 7_000)
    await recorder.seal('closed-by-person')
    const index = await recordings.index(id)
    expect(index?.screens.map((screen) => screen.ms)).toEqual([70_000, 133_000, 196_000])
    expect(index?.screens[0]?.data).toContain('line 8')
    expect(index?.screens[0]?.data).not.toContain('line 9')
    expect(index?.durationMs).toBe(210_000)
  })

  test('exports as asciicast v3', async () => {
    const { recorder, id } = await record(['a', 'b'])
    recorder.resize(100, 30)
    await recorder.seal('closed-by-person')
    let text = ''
    for await (const line of await recordings.asciicast(id)) text += line
    const [header, ...events] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(header).toMatchObject({ version: 3, term: { cols: 80, rows: 24 } })
    expect(events).toEqual([
      [1.5, 'o', 'a'],
      [1.5, 'o', 'b'],
      [0, 'r', '100x30'],
    ])
  })

  test('an id from outside cannot leave the folder', async () => {
    await expect(recordings.summary('../keys')).rejects.toMatchObject({ code: 'RECORDING_NOT_FOUND' })
  })
})

describe('a forger of recordings', () => {
  const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'))
  const codes = async (id: string, hash?: string) =>
    (await recordings.verify(id, hash)).faults.map((fault) => fault.code)

  test.each<[string, (folder: string) => void, string]>([
    [
      'flips a bit',
      (folder) => {
        const bytes = readFileSync(join(folder, sliceName(2)))
        bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20)
        writeFileSync(join(folder, sliceName(2)), bytes)
      },
      'slice-changed',
    ],
    ['drops a slice', (folder) => rmSync(join(folder, sliceName(3))), 'slice-missing'],
    [
      'swaps two slices',
      (folder) => {
        renameSync(join(folder, sliceName(2)), join(folder, 'x'))
        renameSync(join(folder, sliceName(3)), join(folder, sliceName(2)))
        renameSync(join(folder, 'x'), join(folder, sliceName(3)))
      },
      'slice-changed',
    ],
    [
      'truncates a slice',
      (folder) => {
        const bytes = readFileSync(join(folder, sliceName(1)))
        writeFileSync(join(folder, sliceName(1)), bytes.subarray(0, bytes.length - 5))
      },
      'slice-changed',
    ],
    ['adds a slice', (folder) => writeFileSync(join(folder, sliceName(99)), gzipSync('[1,"o","x"]\n')), 'slice-added'],
    [
      'rewrites a slice and every hash',
      (folder) => {
        const stored = gzipSync(
          gunzipSync(readFileSync(join(folder, sliceName(2))))
            .toString()
            .replace('line', 'lime'),
        )
        writeFileSync(join(folder, sliceName(2)), stored)
        const it = manifest(folder)
        Object.assign(it.slices[1], { sha256: sha256Hex(stored), bytes: stored.length })
        it.head = chainSlices(it.slices)
        writeFileSync(join(folder, MANIFEST), JSON.stringify(it))
      },
      'manifest-forged',
    ],
    [
      'cuts the end and every trace of it',
      (folder) => {
        const it = manifest(folder)
        rmSync(join(folder, sliceName(it.slices.length)))
        it.slices.pop()
        it.head = chainSlices(it.slices)
        writeFileSync(join(folder, MANIFEST), JSON.stringify(it))
      },
      'manifest-forged',
    ],
  ])('who %s is found', async (_what, forge, code) => {
    const { recorder, id, folder } = await record(lines, 7_000)
    await recorder.seal('closed-by-person')
    forge(folder)
    expect(await codes(id)).toContain(code)
  })

  test('who has the key and seals anew is found by the trail', async () => {
    const { recorder, id, folder } = await record(lines, 7_000)
    const sealed = await recorder.seal('closed-by-person')
    const it = manifest(folder)
    expect(it.slices.length).toBeGreaterThan(1)
    rmSync(join(folder, MANIFEST))
    await sealSlices({
      files: directoryFiles(directory),
      facts: it.session,
      slices: it.slices.slice(0, -1),
      reason: it.reason,
      endedAt: it.endedAt,
      signer,
    })
    rmSync(join(folder, sliceName(it.slices.length)))
    expect(await codes(id)).toEqual([])
    expect(await codes(id, sealed.manifest)).toEqual(['manifest-exchanged'])
  })
})

describe('the text cutter', () => {
  test('gives back the bytes, and never half a character', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'grapheme' }).map((s) => Buffer.from(s)),
            fc.uint8Array({ maxLength: 9 }),
          ),
        ),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (parts, cuts) => {
          const bytes = Buffer.concat(parts)
          const cutter = createTextCutter()
          const out: Buffer[] = []
          const take = (cut: ReturnType<typeof cutter.rest>) => {
            if (cut) out.push(Buffer.from(cut.data, cut.kind === 'o' ? 'utf8' : 'base64'))
          }
          for (let at = 0, n = 0; at < bytes.length; n += 1) {
            const size = cuts[n % cuts.length] ?? 1
            take(cutter.push(bytes.subarray(at, at + size)))
            at += size
          }
          take(cutter.rest())
          expect(Buffer.concat(out).equals(bytes)).toBe(true)
        },
      ),
    )
  })

  test('valid text in pieces stays text', () => {
    const cutter = createTextCutter()
    const bytes = Buffer.from('grün ✓ 🌮')
    const kinds = [...bytes].flatMap((byte) => cutter.push(Buffer.from([byte]))?.kind ?? [])
    expect(new Set(kinds)).toEqual(new Set(['o']))
  })
})
