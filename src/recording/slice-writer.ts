import { constants, write } from 'node:fs'
import { type FileHandle, open, readFile, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Hex } from '../kernel/ids.ts'
import { whenGone } from '../kernel/missing-file.ts'
import { compressSlice } from './compress-slice.ts'
import { partName, type RecordedEvent, type SliceFacts, sliceName } from './format.ts'
import type { RecordingFiles } from './recording-files.ts'
import { createSliceText, type SliceText } from './slice-text.ts'

/** What is known of a slice before it is compressed. */
export type SliceSpan = Pick<SliceFacts, 'events' | 'fromMs' | 'toMs'>

/** Appends to the open slice, plain lines in a local folder, so that a crash loses no more than what was not yet appended. */
export type SliceWriter = {
  /** Session time of the first event in the open slice; undefined when it is empty. */
  readonly since: number | undefined
  /** On the disk when it resolves. Asks for one event after the other at once, and holds on to none (decision 0040). */
  append(events: Iterable<RecordedEvent>): Promise<void>
  /** The lines once more, so that nobody reads the file for them. Whoever closes the slice frees it. */
  readonly text: SliceText
  /** Undefined, and no file left, when nothing was written. */
  close(): Promise<SliceSpan | undefined>
  /** Lets the file go as it is. */
  release(): Promise<void>
}

/** Every write is on the disk when it returns (open(2)): one turn of the thread pool instead of two. */
const SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC

/** `directory`: the folder itself, open. */
export async function openSlice(folder: string, directory: FileHandle, n: number): Promise<SliceWriter> {
  const path = join(folder, partName(n))
  const file: FileHandle = await open(path, SYNCED, 0o600)
  const text = createSliceText()
  let count = 0
  let since: number | undefined
  let until = 0
  let writing = Promise.resolve()
  return {
    get since() {
      return since
    },
    async append(events) {
      const begin = text.size
      for (const event of events) {
        text.add(event)
        count += 1
        since ??= event[0]
        until = event[0]
      }
      if (text.size === begin) return
      writing = writeWhole(file, text.since(begin))
      await (begin === 0 ? Promise.all([writing, directory.sync()]) : writing)
    },
    text,
    async close() {
      await file.close()
      if (count > 0) return { events: count, fromMs: since ?? 0, toMs: until }
      await unlink(path)
      return undefined
    },
    // The number of a closed file is soon another's, and what is still to be written would go there.
    release: () => writing.catch(() => undefined).then(() => file.close()),
  }
}

/** The handle's own calls do the same with more promises, and a busy session writes every moment. Whoever closes the handle waits for this. */
const writeWhole = (file: FileHandle, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const writeFrom = (at: number) =>
      write(file.fd, bytes, at, bytes.length - at, null, (error, written) => {
        if (error) reject(error)
        else if (at + written < bytes.length) writeFrom(at + written)
        else resolve()
      })
    writeFrom(0)
  })

/** Compresses `n.slice.part` of the local folder into `n.slice` of the store, durably, before the plain file goes. */
export async function storeSlice(
  files: RecordingFiles,
  id: string,
  folder: string,
  n: number,
  span: SliceSpan,
  known?: Buffer,
): Promise<SliceFacts> {
  const path = join(folder, partName(n))
  const plain = known ?? (await readFile(path).catch(whenGone))
  // Without the plain file an earlier try, given up because it took too long, has stored it after all.
  const stored = plain ? await compressSlice(plain) : await files.get(id, sliceName(n))
  if (!stored) throw new Error(`${path} is gone, and not in the store`)
  if (plain) await files.put(id, sliceName(n), stored)
  await rm(path, { force: true })
  return { n, sha256: sha256Hex(stored), bytes: stored.length, ...span }
}
