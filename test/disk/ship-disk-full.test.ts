import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { historyUuid } from '../../src/catalogue/guacamole/history.ts'
import { shippedId } from '../../src/guacamole/shipped-id.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { verifyRecording } from '../../src/recording/verify-recording.ts'
import {
  drawing,
  recordIn,
  type ShipStage,
  START,
  sessionRow,
  setShipStage,
  stream,
  uuid,
} from '../fixtures/guacamole/ship-stage.ts'
import { mountSmallDisk, type SmallDisk } from '../fixtures/small-disk.ts'

const MEGABYTE = 1024 * 1024
const DISK = 16 * MEGABYTE
const probe = mountSmallDisk(MEGABYTE)
if (typeof probe === 'string') console.log(`ship-disk-full: not run here, ${probe}`)
else probe.remove()

/** Pictures that no compression makes smaller. */
const pictures = (megabytes: number): string =>
  Array.from({ length: megabytes * 64 }, (_, n) => {
    const image = randomBytes(12_288).toString('base64')
    const blobs = Array.from(
      { length: 2 },
      (__, half) => `4.blob,1.0,8192.${image.slice(half * 8192, half * 8192 + 8192)};`,
    )
    return drawing(n) + blobs.join('')
  }).join('')

describe.skipIf(typeof probe === 'string')('a full disk under the recordings of Guacamole', () => {
  let disk: SmallDisk
  let stage: ShipStage
  beforeEach(async () => {
    const mounted = mountSmallDisk(DISK)
    if (typeof mounted === 'string') throw new Error(mounted)
    disk = mounted
    stage = await setShipStage()
  })
  afterEach(() => {
    stage.close()
    disk.remove()
  })
  const later = historyUuid('session', 43)

  test('the store takes what fits, says that it is full, and goes on where it was when there is room', async () => {
    const [long, short] = [pictures(8), stream].map((text, n) => stage.record(text, { at: [uuid, later].sort()[n] }))
    stage.rows = [sessionRow(), sessionRow({ id: 43 })]
    const files = directoryFiles(join(disk.folder, 'store'))
    mkdirSync(join(disk.folder, 'store'))
    const room = 4 * MEGABYTE
    const ballast = join(disk.folder, 'other things')
    writeFileSync(ballast, Buffer.alloc(DISK - room))
    const pass = stage.shipper({ files })
    const before = await pass()
    expect(before.files).toMatchObject([
      { file: long, outcome: 'failed', code: 'SHIP_STORE_UNWRITABLE', why: expect.stringContaining('ENOSPC') },
      { file: short, outcome: 'waits', why: 'the store is away' },
    ])
    expect(before.isStoreAway).toBe(true)
    expect([long, short].map((path) => existsSync(path ?? ''))).toEqual([true, true])
    const [half] = await files.ids()
    const begun = (await files.names(half ?? '')).filter((name) => name.endsWith('.slice'))
    expect(begun.length).toBeGreaterThan(0)
    expect((await files.names(half ?? '')).filter((name) => name.endsWith('.tmp'))).toEqual([])
    expect((await pass()).files).toEqual(before.files)

    rmSync(ballast)
    expect((await pass()).files).toMatchObject([{ outcome: 'shipped' }, { outcome: 'shipped' }])
    const publicKey = await stage.signer.publicKey()
    const ids = await files.ids()
    expect(ids).toHaveLength(2)
    for (const id of ids) expect(await verifyRecording({ files, id, publicKey })).toMatchObject({ ok: true })
    expect([long, short].map((path) => existsSync(path ?? ''))).toEqual([false, false])
  })

  test('a disk that guacd has filled is emptied: nothing is written beside the recordings', async () => {
    const folder = join(disk.folder, 'guacd')
    const path = recordIn(folder, pictures(2))
    disk.fill()
    expect((await stage.pass({ folder })).files).toMatchObject([{ file: path, outcome: 'shipped' }])
    expect(existsSync(path)).toBe(false)
    const id = shippedId(uuid, START)
    expect(await stage.open().verify(id)).toMatchObject({ ok: true })
  })
})
