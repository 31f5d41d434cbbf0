import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDurably, writeDurably } from '../kernel/durable-file.ts'
import { isMissingFile } from '../kernel/missing-file.ts'
import { recordingErrors } from './errors.ts'

/**
 * Where the files of recordings are kept: a folder or a bucket. A recording is a set of named files, each written once; nothing is
 * ever deleted.
 */
export type RecordingFiles = {
  /** Durable when it resolves; again with the same bytes is the same. Rejects with RECORDING_ALREADY_THERE for other bytes. */
  put(id: string, name: string, bytes: Uint8Array): Promise<void>
  /** For what is derived and may be made anew. */
  replace(id: string, name: string, bytes: Uint8Array): Promise<void>
  get(id: string, name: string): Promise<Buffer | undefined>
  names(id: string): Promise<string[]>
  /** Oldest first. */
  ids(): Promise<string[]>
}

/** Ids come from URLs: nothing that could leave the folder. */
export const isRecordingId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id)

/** `<directory>/<id>/<name>`. */
export function directoryFiles(directory: string): RecordingFiles {
  /** The folder is made for the first file only: a busy session puts many. */
  const inFolder = async <T>(id: string, put: () => Promise<T>): Promise<T> => {
    try {
      return await put()
    } catch (error) {
      if (!isMissingFile(error)) throw error
      await mkdir(join(directory, id), { recursive: true, mode: 0o700 })
      return put()
    }
  }
  return {
    async put(id, name, bytes) {
      const path = join(directory, id, name)
      if (await inFolder(id, () => createDurably(path, bytes))) return
      if (!(await readFile(path)).equals(bytes)) throw recordingErrors.RECORDING_ALREADY_THERE({ id, name })
    },
    replace: (id, name, bytes) => inFolder(id, () => writeDurably(join(directory, id, name), bytes)),
    async get(id, name) {
      const path = join(directory, id, name)
      return existsSync(path) ? readFile(path) : undefined
    },
    names: async (id) => (existsSync(join(directory, id)) ? readdirSync(join(directory, id)).sort() : []),
    ids: async () => (existsSync(directory) ? readdirSync(directory).filter(isRecordingId).sort() : []),
  }
}
