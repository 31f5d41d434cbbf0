import { existsSync } from 'node:fs'
import { mkdir, open, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory, writeDurably } from '../kernel/durable-file.ts'
import { readFileLines } from './line-reader.ts'

export type StoredCheckpoint = { where: string; line: number; bytes: Buffer }

/** Where checkpoints are kept, apart from the trail: whoever can write the trail must not be able to write here. */
export type CheckpointStore = {
  /** Oldest first. */
  read(): AsyncIterable<StoredCheckpoint>
  last(): Promise<Buffer | undefined>
  /** After the one that `last` gave or `append` wrote; rejects where another notary was first. Durable when it resolves. */
  append(line: string): Promise<void>
  /** PEM; undefined before `publishKey`. */
  publicKey(): Promise<string | undefined>
  /** Keeps the key that is there: a second one would let a forger name his own. */
  publishKey(pem: string): Promise<void>
}

export const CHECKPOINTS = 'checkpoints.jsonl'
export const PUBLIC_KEY = 'public-key.pem'

/** `checkpoints.jsonl` and `public-key.pem` in a folder. One notary writes it. */
export function fileCheckpoints(directory: string): CheckpointStore {
  const path = join(directory, CHECKPOINTS)
  const keyPath = join(directory, PUBLIC_KEY)
  return {
    async *read() {
      if (!existsSync(path)) return
      for await (const { number, bytes, whole } of readFileLines(path)) {
        if (whole) yield { where: path, line: number, bytes }
      }
    },
    async last() {
      const bytes = existsSync(path) ? await readFile(path) : Buffer.alloc(0)
      const end = bytes.lastIndexOf(0x0a)
      if (end === -1) return undefined
      return bytes.subarray(end > 0 ? bytes.lastIndexOf(0x0a, end - 1) + 1 : 0, end)
    },
    async append(line) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      if (existsSync(path)) await cutTornLine(path)
      const file = await open(path, 'a', 0o600)
      try {
        await file.appendFile(`${line}\n`)
        await file.sync()
      } finally {
        await file.close()
      }
      await syncDirectory(directory)
    },
    publicKey: async () => (existsSync(keyPath) ? readFile(keyPath, 'utf8') : undefined),
    async publishKey(pem) {
      if (existsSync(keyPath)) return
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeDurably(keyPath, pem, 0o644)
    },
  }
}

/** A power cut in the middle of an append leaves half a line, which nobody has relied on. */
async function cutTornLine(path: string): Promise<void> {
  const { size } = await stat(path)
  if (size === 0) return
  const bytes = await readFile(path)
  const end = bytes.lastIndexOf(0x0a) + 1
  if (end < bytes.length) await truncate(path, end)
}
