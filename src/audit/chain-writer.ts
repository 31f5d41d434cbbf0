import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDirectory } from '../kernel/durable-file.ts'
import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import { dayFile, isWriter, listDayFiles } from './chain-files.ts'
import type { Head } from './check-chain.ts'
import { auditErrors } from './errors.ts'
import { parseRecord, type RecordBody, renderRecord } from './record.ts'

/** Appends to one writer's chain. Calls must come one after another; a line counts once it is synced. */
export type ChainWriter = {
  readonly head: Head
  /** Bytes of a torn last line that were cut off when the chain was opened. */
  readonly healed: number
  append(bodies: readonly RecordBody[], at: string): Promise<void>
  close(): Promise<void>
}

type OpenFile = { path: string; handle: FileHandle; size: number }

export async function openChain(directory: string, writer: string): Promise<ChainWriter> {
  if (!isWriter(writer)) throw auditErrors.AUDIT_NOT_CONTINUED({ writer, reason: 'that is no name for a writer' })
  await mkdir(join(directory, writer), { recursive: true, mode: 0o700 })
  const found = await findTail(directory, writer)
  let { head, at: lastAt } = found
  let file: OpenFile | undefined
  /** A file that a failed append may have left longer than it should be. */
  let damaged: { path: string; size: number } | undefined

  const fileFor = async (at: string): Promise<OpenFile> => {
    const path = dayFile(directory, writer, at)
    if (damaged) await truncate(damaged.path, damaged.size)
    damaged = undefined
    if (file?.path !== path) {
      await file?.handle.close()
      file = undefined
      const handle = await open(path, 'a', 0o600)
      file = { path, handle, size: (await handle.stat()).size }
      await syncDirectory(dirname(path))
    }
    return file
  }

  return {
    get head() {
      return head
    },
    healed: found.healed,
    async append(bodies, now) {
      // A clock set back must neither reorder the chain nor reopen yesterday's file.
      const at = now > lastAt ? now : lastAt
      const { handle, path, size } = await fileFor(at)
      if ((await handle.stat()).size !== size) {
        throw auditErrors.AUDIT_NOT_CONTINUED({ writer, reason: `somebody else has written to ${path}` })
      }
      let next = head
      let text = ''
      for (const body of bodies) {
        const line = renderRecord(body, { writer, seq: next.seq + 1, prev: next.hash, at })
        next = { seq: next.seq + 1, hash: lineHash(line) }
        text += `${line}\n`
      }
      try {
        await handle.appendFile(text)
        await handle.datasync()
      } catch (error) {
        // Part of the text may have reached the disk, and after a failed sync nobody knows which: it is cut off now, or at
        // the latest before the next append.
        damaged = { path, size }
        file = undefined
        await handle.truncate(size).catch(() => undefined)
        await handle.close().catch(() => undefined)
        throw error
      }
      file = { path, handle, size: size + Buffer.byteLength(text) }
      head = next
      lastAt = at
    },
    async close() {
      await file?.handle.close()
      file = undefined
    },
  }
}

/** The last whole record; a torn tail (power cut in the middle of a line) is cut off. */
async function findTail(directory: string, writer: string): Promise<{ head: Head; at: string; healed: number }> {
  let healed = 0
  for (const path of listDayFiles(directory, writer).reverse()) {
    const bytes = await readFile(path)
    const end = bytes.lastIndexOf(0x0a) + 1
    if (end < bytes.length) await truncate(path, end)
    healed += bytes.length - end
    if (end === 0) continue
    const line = bytes.subarray(end > 1 ? bytes.lastIndexOf(0x0a, end - 2) + 1 : 0, end - 1)
    const record = parseRecord(line)
    if (!record) throw auditErrors.AUDIT_NOT_CONTINUED({ writer, reason: `the last line of ${path} is no record` })
    return { head: { seq: record.seq, hash: lineHash(line) }, at: record.at, healed }
  }
  return { head: { seq: 0, hash: GENESIS }, at: '', healed }
}
