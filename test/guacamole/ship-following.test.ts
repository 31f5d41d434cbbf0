import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { verifyRecording } from '../../src/recording/verify-recording.ts'
import { recordIn, stream } from '../fixtures/guacamole/ship-stage.ts'
import { type ShipCommand, setShipCommand } from './ship-command.ts'

/** The command as its unit runs it, beside somebody who writes. */
let command: ShipCommand
beforeEach(async () => {
  command = await setShipCommand()
})
afterEach(() => command.stop())

/** Holds the lock that guacd holds while it writes, from another process. */
async function startWriter(path: string): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const hold =
    'import fcntl, sys; f = open(sys.argv[1], "r+b"); fcntl.lockf(f, fcntl.LOCK_EX); print("locked", flush=True); sys.stdin.read()'
  const writer = spawn('python3', ['-c', hold, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(writer.stdout, 'data')
  return writer
}

test('what is finished goes at once, what is being written when it is let go of, and SIGTERM ends it', {
  timeout: 90_000,
}, async () => {
  const { recorded, store, at } = command
  const [done, open] = [command.ended(1), command.ended(2)]
  const writtenAt = Date.now() - 60_000
  const finished = recordIn(recorded, stream, { at: done, writtenAt })
  const written = recordIn(recorded, stream, { at: open, writtenAt })
  const before = statSync(written)
  const writer = await startWriter(written)

  const shipper = spawn(process.execPath, [...command.words, '--metrics', at('ship.prom')], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const exited = once(shipper, 'exit')
  let log = ''
  shipper.stderr.on('data', (chunk) => {
    log += chunk
  })
  const figure = (name: string) =>
    existsSync(at('ship.prom')) &&
    Number(new RegExp(`^enchilada_ship_${name} (\\S+)$`, 'm').exec(readFileSync(at('ship.prom'), 'utf8'))?.[1])
  try {
    await expect.poll(() => figure('recordings_total'), { timeout: 30_000 }).toBe(1)
    expect(existsSync(finished)).toBe(false)
    expect(figure('waiting')).toBe(1)
    const { ino, size, mtimeMs } = statSync(written)
    expect({ ino, size, mtimeMs }).toEqual({ ino: before.ino, size: before.size, mtimeMs: before.mtimeMs })
    expect(await directoryFiles(store).ids()).toHaveLength(1)

    writer.stdin.end()
    await once(writer, 'exit')
    await expect.poll(() => figure('recordings_total'), { timeout: 30_000 }).toBe(2)
    expect(existsSync(written)).toBe(false)
  } finally {
    writer.kill()
    shipper.kill('SIGTERM')
  }
  expect(await exited).toEqual([0, null])

  const files = directoryFiles(store)
  const publicKey = await command.publicKey()
  const ids = await files.ids()
  expect(ids).toHaveLength(2)
  for (const id of ids) expect(await verifyRecording({ files, id, publicKey })).toMatchObject({ ok: true })
  const lines: { msg: string; session?: string }[] = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map((line) => [line.msg, line.session])).toEqual([
    ['ships', undefined],
    ['shipped', done],
    ['shipped', open],
    ['stopped', undefined],
  ])
})
