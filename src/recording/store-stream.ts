import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { hasCode } from '../kernel/errors.ts'
import { sha256Hex } from '../kernel/ids.ts'
import type { Signer } from '../kernel/signer.ts'
import { recordingErrors } from './errors.ts'
import { lineOf, type RecordedEvent, SESSION, type SessionFacts, type SliceFacts, sliceName } from './format.ts'
import { readEvents, readManifest, unpackSlice } from './reader.ts'
import type { RecordingFiles } from './recording-files.ts'
import { readSealed, type Sealed, sealSlices } from './seal.ts'
import { verifyRecording } from './verify-recording.ts'

const SLICE_BYTES = 1024 * 1024

const compress = promisify(gzip)

/**
 * Puts a stream that was recorded elsewhere into the container, seals it and reads it back. Again after a crash it goes on from what is
 * there: the same events are the same recording. Rejects with RECORDING_ALREADY_THERE where another one is, and with
 * RECORDING_NOT_KEPT when the store does not hold what was given to it.
 */
export async function storeStream(options: {
  files: RecordingFiles
  facts: SessionFacts
  /** Read from the beginning, once. */
  events: AsyncIterable<RecordedEvent>
  reason: string
  /** ms since 1970; without it, that of the last event. */
  endedAt: number | undefined
  signer: Signer
}): Promise<Sealed> {
  const { files, facts, reason, signer } = options
  const known = await readManifest(files, facts.id)
  const given = createHash('sha256')
  if (known) for await (const event of options.events) given.update(lineOf(event))
  else {
    await files.put(facts.id, SESSION, Buffer.from(JSON.stringify(facts)))
    const slices: SliceFacts[] = []
    let until = 0
    for await (const events of inSlices(options.events)) {
      for (const event of events) given.update(lineOf(event))
      until = events.at(-1)?.[0] ?? until
      slices.push(await putSlice(files, facts.id, slices.length + 1, events))
    }
    const endedAt = Math.max(options.endedAt ?? 0, facts.startedAt + until)
    await sealSlices({ files, facts, slices, reason, endedAt, signer })
  }
  await requireKept(files, facts.id, given.digest('hex'), signer)
  const sealed = await readSealed(files, facts.id)
  if (!sealed) throw recordingErrors.RECORDING_NOT_KEPT({ id: facts.id, reason: 'its seal is gone' })
  return sealed
}

async function* inSlices(events: AsyncIterable<RecordedEvent>): AsyncGenerator<RecordedEvent[]> {
  let slice: RecordedEvent[] = []
  let size = 0
  for await (const event of events) {
    slice.push(event)
    size += event[2].length
    if (size < SLICE_BYTES) continue
    yield slice
    slice = []
    size = 0
  }
  if (slice.length > 0) yield slice
}

async function putSlice(
  files: RecordingFiles,
  id: string,
  n: number,
  events: readonly RecordedEvent[],
): Promise<SliceFacts> {
  const text = events.map(lineOf).join('')
  let stored: Buffer = await compress(text, { level: 6 })
  try {
    await files.put(id, sliceName(n), stored)
  } catch (error) {
    if (!hasCode(error, recordingErrors.RECORDING_ALREADY_THERE)) throw error
    // Another version of zlib packs the same events otherwise.
    const there = await files.get(id, sliceName(n))
    if (!there || (await unpackSlice(there)).map(lineOf).join('') !== text) throw error
    stored = there
  }
  const [first, last] = [events[0], events.at(-1)]
  return {
    n,
    sha256: sha256Hex(stored),
    bytes: stored.length,
    events: events.length,
    fromMs: first?.[0] ?? 0,
    toMs: last?.[0] ?? 0,
  }
}

async function requireKept(files: RecordingFiles, id: string, given: string, signer: Signer): Promise<void> {
  const { faults } = await verifyRecording({ files, id, publicKey: await signer.publicKey() })
  const [fault] = faults
  if (fault) throw recordingErrors.RECORDING_NOT_KEPT({ id, reason: `${fault.file}: ${fault.message}` })
  const kept = createHash('sha256')
  // Sealed, so nothing of it is in a local folder.
  for await (const event of readEvents(files, '', id)) kept.update(lineOf(event))
  if (kept.digest('hex') !== given) {
    throw recordingErrors.RECORDING_NOT_KEPT({ id, reason: 'what was read back is not what was given' })
  }
}
