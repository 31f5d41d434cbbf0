import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RecordingStage, setRecordingStage } from '../../test/fixtures/recording-stage.ts'
import { type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { gather } from '../kernel/gather.ts'
import { directoryFiles, type RecordingFiles } from '../recording/recording-files.ts'
import { type ShipDeps, ship } from './ship.ts'
import { shippedId } from './shipped-id.ts'

const START = 1_790_000_000_000
const END = START + 60_000
const ours = { id: 'c1', scope: 'acme/aws/111122223333/eu-west-1', instance: 'i-0123456789abcdef0', protocol: 'ssh' }
const uuid = historyUuid('session', 42)
const drawing = (n: number) =>
  `4.size,1.0,4.1024,3.768;4.name,5.größe;4.rect,1.0,1.${n % 10},1.0,2.10,2.10;4.sync,13.${START + 500 + n * 1_000},1.0;`
const stream = [0, 1, 2, 3].map(drawing).join('')

let stage: RecordingStage
let folder: string
let rows: HistoryRow[]
let now: number
beforeEach(async () => {
  stage = await setRecordingStage()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-ship-'))
  rows = [row()]
  now = END + 120_000
})
afterEach(() => {
  stage.close()
  rmSync(folder, { recursive: true, force: true })
})

const row = (more: Partial<HistoryRow> = {}): HistoryRow => ({
  kind: 'session',
  id: 42,
  userName: 'ada',
  remoteHost: undefined,
  startedAt: START,
  endedAt: END,
  connection: { id: '7', name: 'web-1' },
  ...more,
})

/** A file as guacd left it. */
function record(text = stream, { at = uuid, name = 'recording', writtenAt = END } = {}): string {
  mkdirSync(join(folder, at), { recursive: true })
  const path = join(folder, at, name)
  writeFileSync(path, text)
  utimesSync(path, writtenAt / 1000, writtenAt / 1000)
  return path
}

const pass = (more: Partial<ShipDeps> = {}) =>
  ship({
    folder,
    files: directoryFiles(stage.folder),
    signer: stage.signer,
    history: { newest: async () => ({ rows, isAll: true }), again: async () => [] },
    owned: async () => new Map([['7', ours]]),
    live: async () => new Set(),
    clock: { ...stage.clock, now: () => now },
    missingAfter: 900_000,
    locked: async () => new Set(),
    ...more,
  })

async function streamOf(id: string): Promise<string> {
  let text = ''
  for await (const [, kind, data] of stage.open().events(id)) if (kind === 'g') text += data
  return text
}

test('a finished recording is in the store with its facts, verified, and gone from the folder', async () => {
  const path = record()
  const id = shippedId(uuid, START)
  expect(await pass()).toEqual({
    files: [{ file: path, session: uuid, outcome: 'shipped', recording: id, bytes: expect.any(Number) }],
    missing: [],
  })
  expect(readdirSync(folder)).toEqual([])
  expect(await stage.open().verify(id)).toMatchObject({ ok: true, slices: 1 })
  expect(await streamOf(id)).toBe(stream)
  expect(await stage.open().facts(id)).toMatchObject({
    connectionId: 'c1',
    instanceId: ours.instance,
    personName: 'ada',
    startedAt: START,
    stream: 'guacamole',
    history: uuid,
  })
  const times: number[] = []
  for await (const [ms] of stage.open().events(id)) times.push(ms)
  expect(times).toEqual([0, 1_000, 2_000, 3_000])
  expect(await stage.open().manifest(id)).toMatchObject({ endedAt: END, reason: 'closed-in-guacamole' })
  expect(await pass()).toEqual({ files: [], missing: [] })
})

test('it is exported as guacd wrote it; what wants text says that there is none', async () => {
  record()
  await pass()
  const id = shippedId(uuid, START)
  const recordings = stage.open()
  expect((await gather(recordings.guacamole(id))).join('')).toBe(stream)
  await expect(recordings.search(id, 'ls')).rejects.toThrow(expect.objectContaining({ code: 'RECORDING_IS_A_PICTURE' }))
  await expect(recordings.asciicast(id)).rejects.toThrow(expect.objectContaining({ code: 'RECORDING_IS_A_PICTURE' }))
  const index = { durationMs: END - START, slices: [{ n: 1, fromMs: 0, toMs: 3_000 }], screens: [] }
  expect(await recordings.index(id)).toEqual(index)
})

test('what is being written, goes on or has just ended waits', async () => {
  const path = record()
  const inode = statSync(path).ino
  const why = async (more: Partial<ShipDeps> = {}) => (await pass(more)).files.map((one) => 'why' in one && one.why)
  expect(await why({ locked: async () => new Set([inode]) })).toEqual(['being written'])
  now = END + 30_000
  expect(await why({ locked: async () => undefined })).toEqual(['just ended'])
  now = END + 5_000
  expect(await why()).toEqual(['just ended'])
  rows = [row({ endedAt: undefined })]
  expect(await why({ live: async () => new Set([uuid]) })).toEqual(['session goes on'])
  expect(await why()).toEqual(['end not known yet'])
  expect(existsSync(path)).toBe(true)
})

test('a session whose web application died is shipped when nobody has written to it for an hour', async () => {
  rows = [row({ endedAt: undefined })]
  record(`${stream}4.rect,1.0,1`)
  now = END + 3_600_000
  expect((await pass({ live: async () => undefined })).files).toMatchObject([{ outcome: 'shipped' }])
  const id = shippedId(uuid, START)
  expect(await streamOf(id)).toBe(stream)
  expect(await stage.open().manifest(id)).toMatchObject({ endedAt: START + 3_000, reason: 'node-lost' })
  const last = (await gather(stage.open().events(id))).at(-1)
  expect(last).toEqual([3_000, 'm', 'the last 12 bytes were half an instruction'])
})

test('a session that the history has forgotten is shipped with what the file itself says', async () => {
  rows = []
  record()
  expect((await pass()).files).toMatchObject([{ outcome: 'waits', why: 'end not known yet' }])
  now = END + 3_600_000
  const [file] = (await pass()).files
  if (file?.outcome !== 'shipped') expect.fail()
  expect(file.recording).toBe(shippedId(uuid, END - 3_000))
  expect(await stage.open().facts(file.recording)).toMatchObject({
    startedAt: END - 3_000,
    personName: '',
    history: uuid,
  })
})

test('a session beyond the listing is found by the number that its uuid hashes', async () => {
  record()
  const asked: (readonly number[])[] = []
  const again = async (_: string, ids: readonly number[]) => {
    asked.push(ids)
    return ids.includes(42) ? [row()] : []
  }
  const newest = async () => ({ rows: [row({ id: 2_000, endedAt: undefined })], isAll: false })
  expect((await pass({ history: { newest, again } })).files).toMatchObject([{ outcome: 'shipped' }])
  expect(asked).toEqual([[42]])
  expect(await stage.open().facts(shippedId(uuid, START))).toMatchObject({ personName: 'ada' })
})

test('however often the process dies, one whole recording is in the store, or the file is still there', async () => {
  const long = Array.from({ length: 3_000 }, (_, n) => `${drawing(n)}4.blob,1.0,1000.${'A'.repeat(1_000)};`).join('')
  const path = record(long)
  const real = directoryFiles(stage.folder)
  let shipped = false
  for (let allowed = 0; !shipped && allowed < 20; allowed += 1) {
    let left = allowed
    const dying: RecordingFiles = {
      ...real,
      async put(id, name, bytes) {
        if (left === 0) throw new Error('killed before')
        left -= 1
        await real.put(id, name, bytes)
        if (left === 0) throw new Error('killed after')
      },
    }
    const [file] = (await pass({ files: dying })).files
    shipped = file?.outcome === 'shipped'
    expect(existsSync(path)).toBe(!shipped)
  }
  expect(shipped).toBe(true)
  const id = shippedId(uuid, START)
  expect(await stage.open().ids()).toEqual([id])
  expect(await streamOf(id)).toBe(long)
  expect(await stage.open().verify(id)).toMatchObject({ ok: true, slices: 4 })
})

test('a process that died before it removed the file removes it the next time, and stores nothing twice', async () => {
  record()
  await pass()
  record()
  expect((await pass()).files).toMatchObject([{ outcome: 'shipped' }])
  expect(await stage.open().ids()).toHaveLength(1)
  expect(readdirSync(folder)).toEqual([])
})

test('a file that differs from what is in the store stays', async () => {
  record()
  await pass()
  const path = record(`${stream}${drawing(9)}`)
  expect((await pass()).files).toMatchObject([{ outcome: 'failed', code: 'RECORDING_NOT_KEPT' }])
  expect(existsSync(path)).toBe(true)
})

test('a file that grows while it is shipped stays, and so does one that a store lost', async () => {
  const path = record()
  const real = directoryFiles(stage.folder)
  const growing: RecordingFiles = {
    ...real,
    async put(id, name, bytes) {
      appendFileSync(path, drawing(5))
      await real.put(id, name, bytes)
    },
  }
  expect((await pass({ files: growing })).files).toMatchObject([{ outcome: 'failed', code: 'SHIP_FILE_CHANGED' }])
  expect(existsSync(path)).toBe(true)

  const other = historyUuid('session', 43)
  rows = [row({ id: 43 })]
  const second = record(stream, { at: other })
  const losing: RecordingFiles = {
    ...real,
    put: async (id, name, bytes) => (name.endsWith('.slice') ? undefined : real.put(id, name, bytes)),
  }
  const { files } = await pass({ files: losing })
  expect(files.find((one) => one.file === second)).toMatchObject({ outcome: 'failed', code: 'RECORDING_NOT_KEPT' })
  expect(existsSync(second)).toBe(true)
})

test('one bad file holds up no other; what is no recording, and links, are left alone', async () => {
  const broken = record(`${stream}this is no instruction`, { at: historyUuid('session', 1) })
  rows = [row(), row({ id: 1 })]
  const typescript = record('$ ls\n', { name: 'typescript' })
  symlinkSync('/etc/hostname', join(folder, historyUuid('session', 2)))
  record()
  expect((await pass()).files.map((one) => [one.file, one.outcome])).toEqual(
    expect.arrayContaining([
      [broken, 'failed'],
      [join(folder, uuid, 'recording'), 'shipped'],
    ]),
  )
  expect(existsSync(typescript)).toBe(true)
  expect(existsSync(broken)).toBe(true)
})

test('a session of ours without a recording is missing when its time is over, and not before', async () => {
  rows = [row(), row({ id: 43, connection: { id: '8', name: 'by hand' } }), row({ id: 44, endedAt: undefined })]
  expect((await pass()).missing).toEqual([])
  now = END + 900_000
  expect((await pass()).missing).toMatchObject([{ session: uuid, person: 'ada', connection: ours, name: 'web-1' }])
  record()
  expect((await pass()).missing).toEqual([])
  expect((await pass()).missing).toEqual([])
})
