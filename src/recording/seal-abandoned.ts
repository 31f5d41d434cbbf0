import { existsSync } from 'node:fs'
import { readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDurably } from '../kernel/durable-file.ts'
import { sha256Hex } from '../kernel/ids.ts'
import type { Signer } from '../kernel/signer.ts'
import {
  MANIFEST,
  partName,
  type RecordedEvent,
  SESSION,
  type SliceFacts,
  sessionFactsSchema,
  sliceName,
} from './format.ts'
import { parseEvents, unpackSlice } from './reader.ts'
import type { RecordingFiles } from './recording-files.ts'
import { type Sealed, sealSlices } from './seal.ts'
import { type SliceSpan, storeSlice } from './slice-writer.ts'
import type { SpoolBudget } from './spool.ts'

/** `lostBytes`: what followed the last whole line, half an event that a power cut left. */
export type AbandonedSeal = Sealed & { lostBytes: number }

/**
 * Seals what a process that died left behind: its stored slices as they are, and of the open one every whole line.
 * The end is the last recorded event. Undefined when it is sealed already.
 */
export async function sealAbandoned(options: {
  files: RecordingFiles
  spool: string
  id: string
  reason: string
  signer: Signer
  /** Where what waits in the spool is counted. */
  budget?: SpoolBudget | undefined
}): Promise<AbandonedSeal | undefined> {
  const { files, id, reason, signer, budget } = options
  const names = await files.names(id)
  const session = await files.get(id, SESSION)
  if (names.includes(MANIFEST) || !session) return undefined
  const facts = sessionFactsSchema.parse(JSON.parse(session.toString('utf8')))
  const folder = join(options.spool, id)
  const slices: SliceFacts[] = []
  let lostBytes = 0
  for (let n = 1; names.includes(sliceName(n)) || existsSync(join(folder, partName(n))); n += 1) {
    const stored = await files.get(id, sliceName(n))
    if (stored) {
      slices.push({ n, sha256: sha256Hex(stored), bytes: stored.length, ...spanOf(await unpackSlice(stored)) })
      // A crash between storing a slice and removing its plain text leaves both; the stored one is whole.
      await rm(join(folder, partName(n)), { force: true })
      budget?.give(id, n)
      continue
    }
    const { span, torn } = await cutTornLine(join(folder, partName(n)))
    lostBytes += torn
    if (span.events > 0) slices.push(await storeSlice(files, id, folder, n, span))
    else await rm(join(folder, partName(n)))
    budget?.give(id, n)
  }
  const endedAt = facts.startedAt + (slices.at(-1)?.toMs ?? 0)
  const sealed = await sealSlices({ files, facts, slices, reason, endedAt, signer })
  await rmdir(folder).catch(() => undefined)
  return { ...sealed, lostBytes }
}

const spanOf = (events: readonly RecordedEvent[]): SliceSpan => ({
  events: events.length,
  fromMs: events[0]?.[0] ?? 0,
  toMs: events.at(-1)?.[0] ?? 0,
})

async function cutTornLine(path: string): Promise<{ span: SliceSpan; torn: number }> {
  const bytes = await readFile(path)
  const { events, end } = parseEvents(bytes)
  if (end < bytes.length) await writeDurably(path, bytes.subarray(0, end))
  return { span: spanOf(events), torn: bytes.length - end }
}
