import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { recordingErrors } from './errors.ts'
import {
  eventSchema,
  MANIFEST,
  type Manifest,
  manifestSchema,
  partName,
  type RecordedEvent,
  sliceName,
} from './format.ts'
import { readAhead } from './read-ahead.ts'
import type { RecordingFiles } from './recording-files.ts'

/** A slice is at most a few megabytes of text; what unpacks to more was not written by us. */
const MAX_UNPACKED = 64 * 1024 * 1024

const decompress = promisify(gunzip)

/** Undefined while the session goes on. */
export async function readManifest(files: RecordingFiles, id: string): Promise<Manifest | undefined> {
  const bytes = await files.get(id, MANIFEST)
  return bytes ? manifestSchema.parse(JSON.parse(bytes.toString('utf8'))) : undefined
}

/** The stored bytes: gzip of NDJSON. */
export async function readStoredSlice(files: RecordingFiles, id: string, n: number): Promise<Buffer> {
  const bytes = await files.get(id, sliceName(n))
  if (!bytes) throw recordingErrors.RECORDING_NOT_FOUND({ id: `${id}, slice ${n}` })
  return bytes
}

/** Rejects for what is not gzip of whole events. */
export async function unpackSlice(stored: Buffer): Promise<RecordedEvent[]> {
  const text = await decompress(stored, { maxOutputLength: MAX_UNPACKED })
  const { events, end } = parseEvents(text)
  if (end < text.length) throw new Error('the slice ends in the middle of an event')
  return events
}

export const readSliceEvents = async (files: RecordingFiles, id: string, n: number): Promise<RecordedEvent[]> =>
  unpackSlice(await readStoredSlice(files, id, n))

/** The whole lines of an open slice. Rejects when there is none. */
export const readPartEvents = async (folder: string, n: number): Promise<RecordedEvent[]> =>
  parseEvents(await readFile(join(folder, partName(n)))).events

/** All events, also of a session that goes on, as far as they are in the store or in this machine's spool. */
export async function* readEvents(files: RecordingFiles, spool: string, id: string): AsyncGenerator<RecordedEvent> {
  let n = 0
  for await (const stored of readAhead(fromOne(), (at) => files.get(id, sliceName(at)))) {
    n += 1
    if (stored) yield* await unpackSlice(stored)
    else {
      const open = await readPartEvents(join(spool, id), n).catch(() => undefined)
      // Between the two looks the slice may have been stored.
      const late = open ? undefined : await files.get(id, sliceName(n))
      if (!open && !late) return
      yield* open ?? (late ? await unpackSlice(late) : [])
    }
  }
}

function* fromOne(): Generator<number> {
  for (let n = 1; ; n += 1) yield n
}

/** Events up to the first line that is none; `end` is where that begins, in bytes. */
export function parseEvents(bytes: Buffer): { events: RecordedEvent[]; end: number } {
  const events: RecordedEvent[] = []
  let end = 0
  for (let feed = bytes.indexOf(0x0a); feed !== -1; feed = bytes.indexOf(0x0a, end)) {
    const event = parseEvent(bytes.toString('utf8', end, feed))
    if (!event) break
    events.push(event)
    end = feed + 1
  }
  return { events, end }
}

function parseEvent(line: string): RecordedEvent | undefined {
  try {
    return eventSchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}
