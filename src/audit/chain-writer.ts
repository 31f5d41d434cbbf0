import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDirectory } from '../kernel/durable-file.ts'
import { GENESIS, lineHash } from '../kernel/hash-chain.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { dayFile, listDayFiles } from './chain-files.ts'
import { auditErrors } from './errors.ts'
import { parseRecord, renderRecord } from './record.ts'

export type Head = { seq: number; hash: string }

/** Appends to one writer's chain. Calls must come one after another; a line counts once it is synced. */
export type ChainWriter = {
  readonly head: Head
  /** Bytes of a torn last line that were cut off when the chain was opened. */
  readonly healed: number
  append(events: readonly AuditEvent[], at: string): Promise<void>
  close(): Promise<void>
}

export async function openChain(directory: string, writer: string): Promise<ChainWriter> {
  const folder = join(directory, writer)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await findHead(directory, writer)
  let { head } = found
  let file: FileHandle | undefined
  let path = ''
  let size = 0

  const fileFor = async (at: string): Promise<FileHandle> => {
    const wanted = dayFile(directory, writer, at)
    if (file && path === wanted) return file
    await file?.close()
    file = await open(wanted, 'a', 0o600)
    path = wanted
    size = (await file.stat()).size
    await syncDirectory(dirname(wanted))
    return file
  }

  return {
    get head() {
      return head
    },
    healed: found.healed,
    async append(events, at) {
      const handle = await fileFor(at)
      let next = head
      let text = ''
      for (const event of events) {
        const line = renderRecord(event, { writer, seq: next.seq + 1, prev: next.hash, at })
        next = { seq: next.seq + 1, hash: lineHash(line) }
        text += `${line}\n`
      }
      try {
        await handle.appendFile(text)
        await handle.datasync()
      } catch (error) {
        // Part of the text may have reached the disk: cut it off, or the next append would leave a gap.
        await handle.truncate(size).catch(() => undefined)
        throw error
      }
      size += Buffer.byteLength(text)
      head = next
    },
    async close() {
      await file?.close()
      file = undefined
    },
  }
}

/** The last whole record; a torn tail (power cut in the middle of a line) is cut off. */
async function findHead(directory: string, writer: string): Promise<{ head: Head; healed: number }> {
  for (const path of listDayFiles(directory, writer).reverse()) {
    const bytes = await readFile(path)
    const end = bytes.lastIndexOf(0x0a) + 1
    const healed = bytes.length - end
    if (healed > 0) await truncate(path, end)
    if (end === 0) continue
    const from = bytes.lastIndexOf(0x0a, end - 2) + 1
    const line = bytes.subarray(from, end - 1).toString('utf8')
    const record = parseRecord(line)
    if (!record) throw auditErrors.AUDIT_NOT_CONTINUED({ writer, reason: `the last line of ${path} is no record` })
    return { head: { seq: record.seq, hash: lineHash(line) }, healed }
  }
  return { head: { seq: 0, hash: GENESIS }, healed: 0 }
}
