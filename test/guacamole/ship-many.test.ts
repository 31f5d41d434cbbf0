import { execFile } from 'node:child_process'
import { appendFileSync, readdirSync, utimesSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { verifyRecording } from '../../src/recording/verify-recording.ts'
import { longStream, recordIn, stream } from '../fixtures/guacamole/ship-stage.ts'
import { type LabAws, startLabAws } from '../fixtures/lab-aws.ts'
import { type ShipCommand, setShipCommand } from './ship-command.ts'
import { inBucket } from './ship-destinations.ts'

const run = promisify(execFile)
type Shipped = { files: { outcome: string; recording: string }[] }

describe('the command on a machine that has recorded for long', () => {
  let command: ShipCommand
  beforeEach(async () => {
    command = await setShipCommand()
  })
  afterEach(() => command.stop())

  /** Megabytes of the heap that the process may use; what waits is more than twice as much. */
  const HEAP = 40
  const WAITING = 96
  const RECORDINGS = 60

  test('brings dozens away, and one that is larger than its memory', { timeout: 240_000 }, async () => {
    const writtenAt = Date.now() - 60_000
    for (let id = 1; id <= RECORDINGS; id += 1) recordIn(command.recorded, stream, { at: command.ended(id), writtenAt })
    const long = recordIn(command.recorded, longStream(1_000), { at: command.ended(RECORDINGS + 1), writtenAt })
    for (let more = 1; more < WAITING; more += 1) appendFileSync(long, longStream(1_000))
    utimesSync(long, writtenAt / 1000, writtenAt / 1000)

    const node = [`--max-old-space-size=${HEAP}`, ...command.words, '--once', '--json']
    const { stdout } = await run(process.execPath, node, { maxBuffer: 1e8 })
    const { files }: Shipped = JSON.parse(stdout)
    expect(files.filter((one) => one.outcome === 'shipped')).toHaveLength(RECORDINGS + 1)
    expect(readdirSync(command.recorded)).toEqual([])
    expect(await directoryFiles(command.store).ids()).toHaveLength(RECORDINGS + 1)
  })
})

describe('the command with a bucket', () => {
  let aws: LabAws
  beforeAll(async () => {
    aws = await startLabAws()
  })
  afterAll(() => aws.stop())

  test('puts them under its lock, encrypted with the key of the configuration', async () => {
    const { url, kmsKey, files, unsafe, twice } = await inBucket()
    const command = await setShipCommand({ s3: { url, kmsKey } })
    const writtenAt = Date.now() - 60_000
    for (const id of [1, 2]) recordIn(command.recorded, stream, { at: command.ended(id), writtenAt })
    const { stdout } = await run(process.execPath, [...command.words, '--once', '--json'])
    const shipped: Shipped = JSON.parse(stdout)
    const publicKey = await command.publicKey()
    expect((await files.ids()).sort()).toEqual(shipped.files.map((one) => one.recording).sort())
    for (const { recording: id } of shipped.files) {
      expect(await verifyRecording({ files, id, publicKey })).toMatchObject({ ok: true })
    }
    expect([await unsafe(), await twice()]).toEqual([[], []])
    await command.stop()
  })
})
