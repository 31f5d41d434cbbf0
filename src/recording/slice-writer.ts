import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { syncDirectory, writeDurably } from '../kernel/durable-file.ts'
import { sha256Hex } from '../kernel/ids.ts'
import { partName, type RecordedEvent, type SliceFacts, sliceName } from './format.ts'

const compress = promisify(gzip)

/** Writes the open slice as plain lines; closing compresses it under its final name and forgets the plain one. */
export type SliceWriter = {
  /** Bytes of plain text in the open slice. */
  readonly size: number
  /** Session time of the first event in the open slice; undefined when it is empty. */
  readonly since: number | undefined
  append(events: readonly RecordedEvent[]): Promise<void>
  sync(): Promise<void>
  close(): Promise<SliceFacts | undefined>
}

export async function openSlice(folder: string, n: number): Promise<SliceWriter> {
  const path = join(folder, partName(n))
  const file: FileHandle = await open(path, 'w', 0o600)
  await syncDirectory(folder)
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
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('')
      await file.appendFile(text)
      size += Buffer.byteLength(text)
      count += events.length
      since ??= events[0]?.[0]
      until = events.at(-1)?.[0] ?? until
    },
    sync: () => file.datasync(),
    async close() {
      await file.close()
      if (count === 0) {
        await rm(path)
        return undefined
      }
      return storeSlice(folder, n, { events: count, fromMs: since ?? 0, toMs: until })
    },
  }
}

/** Compresses `n.slice.part` into `n.slice`, durably, before the plain file goes. */
export async function storeSlice(
  folder: string,
  n: number,
  facts: Pick<SliceFacts, 'events' | 'fromMs' | 'toMs'>,
): Promise<SliceFacts> {
  const path = join(folder, partName(n))
  const stored = await compress(await readFile(path), { level: 3 })
  await writeDurably(join(folder, sliceName(n)), stored)
  await rm(path)
  return { n, sha256: sha256Hex(stored), bytes: stored.length, ...facts }
}
