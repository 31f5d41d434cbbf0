import { appendFileSync, existsSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  drawing,
  END,
  longStream,
  ours,
  sessionRow as row,
  type ShipStage,
  START,
  setShipStage,
  stream,
  uuid,
} from '../../test/fixtures/guacamole/ship-stage.ts'
import { historyUuid } from '../catalogue/guacamole/history.ts'
import { gather } from '../kernel/gather.ts'
import { directoryFiles, type RecordingFiles } from '../recording/recording-files.ts'
import { shippedId } from './shipped-id.ts'

let stage: ShipStage
beforeEach(async () => {
  stage = await setShipStage()
})
afterEach(() => stage.close())

test('a finished recording is in the store with its facts, verified, and gone from the folder', async () => {
  const path = stage.record()
  const id = shippedId(uuid, START)
  expect(await stage.pass()).toEqual({
    files: [
      { file: path, session: uuid, writtenAt: END, outcome: 'shipped', recording: id, bytes: expect.any(Number) },
    ],
    missing: [],
    isStoreAway: false,
  })
  expect(readdirSync(stage.recorded)).toEqual([])
  expect(await stage.open().verify(id)).toMatchObject({ ok: true, slices: 1 })
  expect(await stage.streamOf(id)).toBe(stream)
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
  expect(await stage.pass()).toMatchObject({ files: [], missing: [] })
})

test('it is exported as guacd wrote it; what wants text says that there is none', async () => {
  stage.record()
  await stage.pass()
  const id = shippedId(uuid, START)
  const recordings = stage.open()
  expect((await gather(recordings.guacamole(id))).join('')).toBe(stream)
  await expect(recordings.search(id, 'ls')).rejects.toThrow(expect.objectContaining({ code: 'RECORDING_IS_A_PICTURE' }))
  await expect(recordings.asciicast(id)).rejects.toThrow(expect.objectContaining({ code: 'RECORDING_IS_A_PICTURE' }))
  const index = { durationMs: END - START, slices: [{ n: 1, fromMs: 0, toMs: 3_000 }], screens: [] }
  expect(await recordings.index(id)).toEqual(index)
})

test('a session that the history has forgotten is shipped with what the file itself says', async () => {
  stage.rows = []
  stage.record()
  expect((await stage.pass()).files).toMatchObject([{ outcome: 'waits', why: 'end not known yet' }])
  stage.now = END + 3_600_000
  const [file] = (await stage.pass()).files
  if (file?.outcome !== 'shipped') expect.fail()
  expect(file.recording).toBe(shippedId(uuid, END - 3_000))
  expect(await stage.open().facts(file.recording)).toMatchObject({
    startedAt: END - 3_000,
    personName: '',
    history: uuid,
  })
})

test('a session beyond the listing is found by the number that its uuid hashes', async () => {
  stage.record()
  const asked: (readonly number[])[] = []
  const again = async (_: string, ids: readonly number[]) => {
    asked.push(ids)
    return ids.includes(42) ? [row()] : []
  }
  const newest = async () => ({ rows: [row({ id: 2_000, endedAt: undefined })], isAll: false })
  expect((await stage.pass({ history: { newest, again } })).files).toMatchObject([{ outcome: 'shipped' }])
  expect(asked).toEqual([[42]])
  expect(await stage.open().facts(shippedId(uuid, START))).toMatchObject({ personName: 'ada' })
})

test('however often the process dies, one whole recording is in the store, or the file is still there', async () => {
  const long = longStream(3_000)
  const path = stage.record(long)
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
    const [file] = (await stage.pass({ files: dying })).files
    shipped = file?.outcome === 'shipped'
    expect(existsSync(path)).toBe(!shipped)
  }
  expect(shipped).toBe(true)
  const id = shippedId(uuid, START)
  expect(await stage.open().ids()).toEqual([id])
  expect(await stage.streamOf(id)).toBe(long)
  expect(await stage.open().verify(id)).toMatchObject({ ok: true, slices: 3 })
})

test('a process that died before it removed the file removes it the next time, and stores nothing twice', async () => {
  stage.record()
  await stage.pass()
  stage.record()
  expect((await stage.pass()).files).toMatchObject([{ outcome: 'shipped' }])
  expect(await stage.open().ids()).toHaveLength(1)
  expect(readdirSync(stage.recorded)).toEqual([])
})

test('a file that differs from what is in the store stays', async () => {
  stage.record()
  await stage.pass()
  const path = stage.record(`${stream}${drawing(9)}`)
  expect((await stage.pass()).files).toMatchObject([{ outcome: 'failed', code: 'RECORDING_NOT_KEPT' }])
  expect(existsSync(path)).toBe(true)
})

test('a file that grows while it is shipped stays, and so does one that a store lost', async () => {
  const path = stage.record()
  const real = directoryFiles(stage.folder)
  const growing: RecordingFiles = {
    ...real,
    async put(id, name, bytes) {
      appendFileSync(path, drawing(5))
      await real.put(id, name, bytes)
    },
  }
  expect((await stage.pass({ files: growing })).files).toMatchObject([{ outcome: 'failed', code: 'SHIP_FILE_CHANGED' }])
  expect(existsSync(path)).toBe(true)

  const other = historyUuid('session', 43)
  stage.rows = [row({ id: 43 })]
  const second = stage.record(stream, { at: other })
  const losing: RecordingFiles = {
    ...real,
    put: async (id, name, bytes) => (name.endsWith('.slice') ? undefined : real.put(id, name, bytes)),
  }
  const { files } = await stage.pass({ files: losing })
  expect(files.find((one) => one.file === second)).toMatchObject({ outcome: 'failed', code: 'RECORDING_NOT_KEPT' })
  expect(existsSync(second)).toBe(true)
})

test('one bad file holds up no other; what is no recording, and links, are left alone', async () => {
  const broken = stage.record(`${stream}this is no instruction`, { at: historyUuid('session', 1) })
  stage.rows = [row(), row({ id: 1 })]
  const typescript = stage.record('$ ls\n', { name: 'typescript' })
  symlinkSync('/etc/hostname', join(stage.recorded, historyUuid('session', 2)))
  stage.record()
  expect((await stage.pass()).files.map((one) => [one.file, one.outcome])).toEqual(
    expect.arrayContaining([
      [broken, 'failed'],
      [join(stage.recorded, uuid, 'recording'), 'shipped'],
    ]),
  )
  expect(existsSync(typescript)).toBe(true)
  expect(existsSync(broken)).toBe(true)
})
