import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../kernel/durable-file.ts'

/** Where the files of recordings are kept: a folder or a bucket. A recording is a set of named files. */
export type RecordingFiles = {
  /** Durable when it resolves; replaces. */
  put(id: string, name: string, bytes: Uint8Array): Promise<void>
  get(id: string, name: string): Promise<Buffer | undefined>
  names(id: string): Promise<string[]>
  ids(): Promise<string[]>
}

/** Ids come from URLs: nothing that could leave the folder. */
export const isRecordingId = (id: string): boolean => /^[0-9a-f-]{36}$/.test(id)

/** `<directory>/<id>/<name>`. */
export function directoryFiles(directory: string): RecordingFiles {
  return {
    async put(id, name, bytes) {
      await mkdir(join(directory, id), { recursive: true, mode: 0o700 })
      await writeDurably(join(directory, id, name), bytes)
    },
    async get(id, name) {
      const path = join(directory, id, name)
      return existsSync(path) ? readFile(path) : undefined
    },
    names: async (id) => (existsSync(join(directory, id)) ? readdirSync(join(directory, id)).sort() : []),
    ids: async () => (existsSync(directory) ? readdirSync(directory).filter(isRecordingId).sort() : []),
  }
}
