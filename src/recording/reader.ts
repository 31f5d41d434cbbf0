import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { recordingErrors } from './errors.ts'
import { MANIFEST, type Manifest, manifestSchema, partName, type RecordedEvent, SESSION, sliceName } from './format.ts'

const decompress = promisify(gunzip)

/** Ids come from URLs: nothing that could leave the folder. */
const isId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id)

export function recordingFolder(directory: string, id: string): string {
  const folder = join(directory, id)
  if (!isId(id) || !existsSync(join(folder, SESSION))) throw recordingErrors.RECORDING_NOT_FOUND({ id })
  return folder
}

/** Undefined while the session goes on. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, MANIFEST)
  return existsSync(path) ? manifestSchema.parse(JSON.parse(await readFile(path, 'utf8'))) : undefined
}

/** The stored bytes: gzip of NDJSON. */
export const readStoredSlice = (folder: string, n: number): Promise<Buffer> => readFile(join(folder, sliceName(n)))

export async function readSliceEvents(folder: string, n: number): Promise<RecordedEvent[]> {
  return parseLines((await decompress(await readStoredSlice(folder, n))).toString('utf8'))
}

/** All events on the disk, also of a session that goes on; a line being written is left out. */
export async function* readEvents(folder: string, fromSlice = 1): AsyncGenerator<RecordedEvent> {
  for (let n = fromSlice; ; n += 1) {
    if (existsSync(join(folder, sliceName(n)))) {
      yield* await readSliceEvents(folder, n)
      continue
    }
    const text = await readFile(join(folder, partName(n)), 'utf8').catch(() => undefined)
    // Between the two looks the recorder may have stored the slice.
    if (text === undefined && existsSync(join(folder, sliceName(n)))) yield* await readSliceEvents(folder, n)
    else {
      if (text !== undefined) yield* parseLines(text.slice(0, text.lastIndexOf('\n') + 1))
      return
    }
  }
}

const parseLines = (text: string): RecordedEvent[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

export type RecordingSummary = { durationMs: number; bytes: number; slices: number; sealed: boolean }

export async function summariseRecording(folder: string): Promise<RecordingSummary> {
  const manifest = await readManifest(folder)
  if (manifest) {
    return {
      durationMs: manifest.endedAt - manifest.session.startedAt,
      bytes: manifest.slices.reduce((sum, slice) => sum + slice.bytes, 0),
      slices: manifest.slices.length,
      sealed: true,
    }
  }
  const names = (await readdir(folder)).filter((name) => /^\d{6}\.slice(\.part)?$/.test(name))
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0),
  )
  return { durationMs: 0, bytes: sizes.reduce((sum, size) => sum + size, 0), slices: names.length, sealed: false }
}
