import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { dayFile } from './chain-files.ts'
import { CHECKPOINTS, type CheckpointStore, PUBLIC_KEY } from './checkpoint-store.ts'
import { auditErrors } from './errors.ts'
import { parseRecord } from './record.ts'
import type { RecordSource } from './record-source.ts'

export type ExportedTrail = { trail: string; checkpoints: string; records: number; signed: number }

/** Lines are gathered to about so many bytes before they are written. */
const GATHER_BYTES = 1_000_000

/**
 * Copies a trail and its checkpoints into folders as the format page describes them, wherever they lie, for other verifiers and to hand
 * over. What is no record is copied, too. Rejects with AUDIT_EXPORT_EXISTS when the folder holds anything.
 */
export async function exportTrail(
  { records, checkpoints }: { records: RecordSource; checkpoints: CheckpointStore },
  directory: string,
): Promise<ExportedTrail> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if ((await readdir(directory)).length > 0) throw auditErrors.AUDIT_EXPORT_EXISTS({ directory })
  const trail = join(directory, 'trail')
  const apart = join(directory, 'checkpoints')
  const copied = { records: 0, signed: 0 }
  await mkdir(trail, { mode: 0o700 })
  for (const writer of await records.writers()) {
    let day = '0000-00-00'
    await appendLines(records.read(writer), ({ bytes }) => {
      day = parseRecord(bytes)?.at.slice(0, 10) ?? day
      copied.records += 1
      return dayFile(trail, writer, day)
    })
  }
  await appendLines(checkpoints.read(), () => {
    copied.signed += 1
    return join(apart, CHECKPOINTS)
  })
  const key = await checkpoints.publicKey()
  if (key !== undefined) await append(join(apart, PUBLIC_KEY), key)
  return { trail, checkpoints: apart, ...copied }
}

async function appendLines<L extends { bytes: Buffer }>(lines: AsyncIterable<L>, pathOf: (line: L) => string) {
  let path: string | undefined
  let held: Buffer[] = []
  let size = 0
  const flush = async () => {
    if (path !== undefined) await append(path, Buffer.concat(held))
    held = []
    size = 0
  }
  for await (const line of lines) {
    const next = pathOf(line)
    if (next !== path || size > GATHER_BYTES) await flush()
    path = next
    held.push(line.bytes, Buffer.from('\n'))
    size += line.bytes.length
  }
  await flush()
}

async function append(path: string, data: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
}
