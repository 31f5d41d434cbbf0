import { type FileHandle, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { syncDirectory } from '../kernel/durable-file.ts'
import { sha256Hex } from '../kernel/ids.ts'
import { partName, type RecordedEvent, type SliceFacts, sliceName } from './format.ts'
import type { RecordingFiles } from './recording-files.ts'

const compress = promisify(gzip)

/** What is known of a slice before it is compressed. */
export type SliceSpan = Pick<SliceFacts, 'events' | 'fromMs' | 'toMs'>

/** Appends to the open slice, plain lines in a local folder, so that a crash loses no more than what was not yet synced. */
export type SliceWriter = {
  /** Bytes of plain text in the open slice. */
  readonly size: number
  /** Session time of the first event in the open slice; undefined when it is empty. */
  readonly since: number | undefined
  append(events: readonly RecordedEvent[]): Promise<void>
  sync(): Promise<void>
  /** Undefined, and no file left, when nothing was written. */
  close(): Promise<SliceSpan | undefined>
  /** Lets the file go as it is. */
  release(): Promise<void>
}

export async function openSlice(folder: string, n: number): Promise<SliceWriter> {
  const path = join(folder, partName(n))
  const file: FileHandle = await open(path, 'w', 0o600)
  let named = false
  let size = 0
  let count = 0
  let since: number | undefined
  let until = 0
  return {
    get size() {
      return size
    },
    get since() {
      return since
    },
    async append(events) {
      const text = Buffer.from(events.map(lineOf).join(''))
      await writeWhole(file, text)
      size += text.length
      count += events.length
      since ??= events[0]?.[0]
      until = events.at(-1)?.[0] ?? until
    },
    async sync() {
      await file.datasync()
      if (!named) await syncDirectory(folder)
      named = true
    },
    async close() {
      await file.close()
      if (count > 0) return { events: count, fromMs: since ?? 0, toMs: until }
      await unlink(path)
      return undefined
    },
    release: () => file.close(),
  }
}

/** `appendFile` does the same at twice the CPU, and a busy session calls it every moment. */
async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

/** Base64 holds nothing that JSON escapes: looking for it costs more than the rest of writing a flood. */
const lineOf = (event: RecordedEvent): string =>
  event[1] === 'b' ? `[${event[0]},"b","${event[2]}"]\n` : `${JSON.stringify(event)}\n`

/** Compresses `n.slice.part` of the local folder into `n.slice` of the store, durably, before the plain file goes. */
export async function storeSlice(
  files: RecordingFiles,
  id: string,
  folder: string,
  n: number,
  span: SliceSpan,
): Promise<SliceFacts> {
  const path = join(folder, partName(n))
  // Level 1: a tenth larger than level 6 on shell output, at a quarter of its CPU.
  const stored = await compress(await readFile(path), { level: 1 })
  await files.put(id, sliceName(n), stored)
  await unlink(path)
  return { n, sha256: sha256Hex(stored), bytes: stored.length, ...span }
}
