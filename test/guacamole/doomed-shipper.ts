import fs, { type FileHandle, open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { createS3Client, openBucket } from '../../src/aws/bucket.ts'
import type { HistoryRow } from '../../src/catalogue/guacamole/history.ts'
import { createShipper } from '../../src/guacamole/ship.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openSigningKey } from '../../src/kernel/signing-key.ts'
import { bucketFiles } from '../../src/recording/bucket-files.ts'
import { directoryFiles, type RecordingFiles } from '../../src/recording/recording-files.ts'
import { ours } from '../fixtures/guacamole/ship-stage.ts'

/** One pass in a process of its own, which dies before its n-th step as if it had lost its power. */
export type ShipDoom = {
  folder: string
  store: string | { bucket: string; prefix: string; kmsKey: string }
  signingKey: string
  row: HistoryRow
  now: number
  dieAfter: number
}

const { folder, store, signingKey, row, now, dieAfter }: ShipDoom = JSON.parse(process.argv[2] ?? '{}')
const signer = await openSigningKey(signingKey)
let left = dieAfter
/** `half`: what is done of the step before it dies in the middle. */
async function step(half?: () => Promise<unknown>): Promise<void> {
  left -= 1
  if (left >= 0) return
  await half?.()
  process.kill(process.pid, 'SIGKILL')
}

/** Each call that changes the file system is a step; a file that is written may be torn in the middle. */
async function countFileSystem(): Promise<void> {
  for (const name of ['link', 'unlink', 'rm', 'rmdir', 'rename'] as const) {
    const real: unknown = fs[name]
    if (typeof real !== 'function') continue
    Reflect.set(fs, name, async (...args: unknown[]) => {
      await step()
      return Reflect.apply(real, fs, args)
    })
  }
  syncBuiltinESMExports()
  const handle = await open(signingKey)
  const file: FileHandle = Object.getPrototypeOf(handle)
  await handle.close()
  const { writeFile, sync } = file
  file.writeFile = async function (this: FileHandle, data, options) {
    const bytes = Buffer.from(data instanceof Uint8Array ? data : String(data))
    await step(() => writeFile.call(this, bytes.subarray(0, bytes.length / 2)))
    return writeFile.call(this, data, options)
  }
  file.sync = async function (this: FileHandle) {
    await step()
    return sync.call(this)
  }
}

/** Each call is two steps: not sent yet, and done with the answer lost. */
function counted(files: RecordingFiles): RecordingFiles {
  const twice = async <T>(call: () => Promise<T>): Promise<T> => {
    await step()
    const answer = await call()
    await step()
    return answer
  }
  return {
    put: (id, name, bytes) => twice(() => files.put(id, name, bytes)),
    replace: (id, name, bytes) => twice(() => files.replace(id, name, bytes)),
    get: (id, name) => twice(() => files.get(id, name)),
    names: (id) => twice(() => files.names(id)),
    ids: () => files.ids(),
  }
}

if (typeof store === 'string') await countFileSystem()
const files =
  typeof store === 'string'
    ? directoryFiles(store)
    : counted(bucketFiles(openBucket(createS3Client('eu-west-1', process.env), store)))
const { files: seen } = await createShipper({
  folder,
  files,
  signer,
  history: { newest: async () => ({ rows: [row], isAll: true }), again: async () => [] },
  owned: async () => new Map([['7', ours]]),
  live: async () => new Set(),
  clocksAhead: async () => [],
  clock: { ...systemClock, now: () => now },
  missingAfter: undefined,
  locked: async () => new Set(),
})()
if (seen[0]?.outcome !== 'shipped') throw new Error(`not shipped: ${JSON.stringify(seen)}`)
