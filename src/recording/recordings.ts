import type { AlarmClock } from '../kernel/clock.ts'
import type { Signer } from '../kernel/signer.ts'
import { readIndex } from './build-index.ts'
import { recordingErrors } from './errors.ts'
import { exportAsciicast } from './export-asciicast.ts'
import {
  MANIFEST,
  type Manifest,
  type RecordedEvent,
  type RecordingIndex,
  SESSION,
  type SessionFacts,
  sessionFactsSchema,
} from './format.ts'
import { readEvents, readManifest, readStoredSlice } from './reader.ts'
import { openRecorder, type Recorder } from './recorder.ts'
import { isRecordingId, type RecordingFiles } from './recording-files.ts'
import { readSealed, type Sealed } from './seal.ts'
import { type AbandonedSeal, sealAbandoned } from './seal-abandoned.ts'
import { searchText, type TextHit } from './search-text.ts'
import { createSpoolBudget, listSpooled } from './spool.ts'
import { type RecordingVerification, verifyRecording } from './verify-recording.ts'

export type RecordingSummary = { durationMs: number; bytes: number; slices: number; sealed: boolean }

/**
 * The recordings of one store. Everything rejects with RECORDING_NOT_FOUND for an id that is not there, and what reads text with
 * RECORDING_IS_A_PICTURE where there is none.
 */
export type Recordings = {
  /** Oldest first: ids are UUIDv7. */
  ids(): Promise<string[]>
  open(facts: SessionFacts): Promise<Recorder>
  /** Ids of recordings without a seal: those of live sessions, and those a dead node left. */
  unsealed(): Promise<string[]>
  /** With a bucket as store: ids with slices in the local folder, of live sessions and of those that ended while it was away. */
  spooled(): Promise<string[]>
  /** Bytes that wait for the store. */
  waiting(): number
  /** Undefined when it is sealed already. Never call it for a session that is alive. */
  sealAbandoned(id: string, reason: string): Promise<AbandonedSeal | undefined>
  facts(id: string): Promise<SessionFacts>
  /** As the trail is told of it; undefined while the session goes on. */
  sealed(id: string): Promise<Sealed | undefined>
  /** Undefined while the session goes on. */
  manifest(id: string): Promise<Manifest | undefined>
  summary(id: string): Promise<RecordingSummary>
  index(id: string): Promise<RecordingIndex | undefined>
  /** gzip of NDJSON, as stored. */
  slice(id: string, n: number): Promise<Buffer>
  events(id: string): AsyncGenerator<RecordedEvent>
  search(id: string, text: string): Promise<{ hits: TextHit[]; truncated: boolean }>
  asciicast(id: string): Promise<AsyncGenerator<string>>
  /** Of a recording that came from Guacamole: what guacd wrote. */
  guacamole(id: string): AsyncGenerator<string>
  /** `manifestHash`: from the trail's `recording.sealed`. */
  verify(id: string, manifestHash?: string): Promise<RecordingVerification>
}

/** `spool` is a local folder for slices that are being written; with a directory as store it is the same folder. */
export function openRecordings(options: {
  files: RecordingFiles
  spool: string
  signer: Signer
  clock: AlarmClock
  /** With a bucket as store: bytes that may wait for it in the local folder. */
  spoolLimit?: number | undefined
}): Recordings {
  const { files, spool, signer, clock, spoolLimit } = options
  const budget = spoolLimit === undefined ? undefined : createSpoolBudget(spoolLimit)
  const factsOf = async (id: string) => {
    const bytes = isRecordingId(id) ? await files.get(id, SESSION) : undefined
    if (!bytes) throw recordingErrors.RECORDING_NOT_FOUND({ id })
    return sessionFactsSchema.parse(JSON.parse(bytes.toString('utf8')))
  }
  const terminalOf = async (id: string) => {
    const facts = await factsOf(id)
    if (facts.stream === 'guacamole') throw recordingErrors.RECORDING_IS_A_PICTURE({ id })
    return facts
  }
  const eventsOf = async function* (id: string) {
    await factsOf(id)
    yield* readEvents(files, spool, id)
  }
  return {
    ids: () => files.ids(),
    open: (facts) => openRecorder({ files, spool, facts, signer, clock, budget }),
    spooled: async () => (budget ? listSpooled(spool) : []),
    waiting: () => budget?.held() ?? 0,
    async unsealed() {
      const found: string[] = []
      for (const id of await files.ids()) {
        const names = await files.names(id)
        if (names.includes(SESSION) && !names.includes(MANIFEST)) found.push(id)
      }
      return found
    },
    async sealAbandoned(id, reason) {
      await factsOf(id)
      const sealed = await sealAbandoned({ files, spool, id, reason, signer, budget })
      // Also where another node sealed it: what is still on the disk then stays there, and waits for nothing.
      budget?.giveAll(id)
      return sealed
    },
    facts: factsOf,
    async sealed(id) {
      await factsOf(id)
      return readSealed(files, id)
    },
    async manifest(id) {
      await factsOf(id)
      return readManifest(files, id)
    },
    async summary(id) {
      await factsOf(id)
      return summarise(await readManifest(files, id), await files.names(id))
    },
    async index(id) {
      await factsOf(id)
      return readIndex(files, id, signer)
    },
    async slice(id, n) {
      if (!isRecordingId(id)) throw recordingErrors.RECORDING_NOT_FOUND({ id })
      return readStoredSlice(files, id, n)
    },
    events: eventsOf,
    search: async (id, text) => searchText(await terminalOf(id), eventsOf(id), text),
    asciicast: async (id) => exportAsciicast(await terminalOf(id), eventsOf(id)),
    async *guacamole(id) {
      for await (const [, kind, data] of eventsOf(id)) if (kind === 'g') yield data
    },
    async verify(id, manifestHash) {
      await factsOf(id)
      return verifyRecording({ files, id, publicKey: await signer.publicKey(), manifestHash })
    },
  }
}

const summarise = (manifest: Manifest | undefined, names: readonly string[]): RecordingSummary =>
  manifest
    ? {
        durationMs: manifest.endedAt - manifest.session.startedAt,
        bytes: manifest.slices.reduce((sum, slice) => sum + slice.bytes, 0),
        slices: manifest.slices.length,
        sealed: true,
      }
    : { durationMs: 0, bytes: 0, slices: names.filter((name) => name.endsWith('.slice')).length, sealed: false }
