import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import type { Signer } from '../kernel/signer.ts'
import { readIndex } from './build-index.ts'
import { exportAsciicast } from './export-asciicast.ts'
import {
  MANIFEST,
  type RecordedEvent,
  type RecordingIndex,
  SESSION,
  type SessionFacts,
  sessionFactsSchema,
} from './format.ts'
import { type RecordingSummary, readEvents, readStoredSlice, recordingFolder, summariseRecording } from './reader.ts'
import { openRecorder, type Recorder } from './recorder.ts'
import { createScreenReader, type Screen } from './screen.ts'
import { type Sealed, sealAbandoned } from './seal.ts'
import { searchText, type TextHit } from './search-text.ts'
import { type RecordingVerification, verifyRecording } from './verify-recording.ts'

/** The recordings of one folder. Everything rejects with RECORDING_NOT_FOUND for an id that is not there. */
export type Recordings = {
  open(facts: SessionFacts): Promise<Recorder>
  /** Ids of recordings without a seal. */
  unsealed(): string[]
  /** Undefined when it is sealed already. */
  sealAbandoned(id: string, reason: string): Promise<Sealed | undefined>
  facts(id: string): Promise<SessionFacts>
  summary(id: string): Promise<RecordingSummary>
  index(id: string): Promise<RecordingIndex | undefined>
  /** gzip of NDJSON, as stored. */
  slice(id: string, n: number): Promise<Buffer>
  events(id: string): AsyncGenerator<RecordedEvent>
  search(id: string, text: string): Promise<{ hits: TextHit[]; truncated: boolean }>
  asciicast(id: string): Promise<AsyncGenerator<string>>
  verify(id: string, manifestHash?: string): Promise<RecordingVerification>
  /** The screen after all that is on the disk. */
  screen(id: string): Promise<Screen>
}

export function openRecordings(options: { directory: string; signer: Signer; clock: Clock }): Recordings {
  const { directory, signer, clock } = options
  const folderOf = (id: string) => recordingFolder(directory, id)
  const factsOf = async (id: string) =>
    sessionFactsSchema.parse(JSON.parse(await readFile(join(folderOf(id), SESSION), 'utf8')))
  return {
    open: (facts) => openRecorder({ directory, facts, signer, clock }),
    unsealed: () =>
      existsSync(directory)
        ? readdirSync(directory).filter(
            (id) => existsSync(join(directory, id, SESSION)) && !existsSync(join(directory, id, MANIFEST)),
          )
        : [],
    sealAbandoned: (id, reason) => sealAbandoned(folderOf(id), reason, signer),
    facts: factsOf,
    summary: async (id) => summariseRecording(folderOf(id)),
    index: async (id) => readIndex(folderOf(id)),
    slice: async (id, n) => readStoredSlice(folderOf(id), n),
    events: (id) => readEvents(folderOf(id)),
    search: async (id, text) => searchText(await factsOf(id), readEvents(folderOf(id)), text),
    asciicast: async (id) => exportAsciicast(await factsOf(id), readEvents(folderOf(id))),
    verify: async (id, manifestHash) =>
      verifyRecording({ folder: folderOf(id), id, publicKey: await signer.publicKey(), manifestHash }),
    async screen(id) {
      const facts = await factsOf(id)
      const reader = createScreenReader(facts.cols, facts.rows)
      try {
        for await (const event of readEvents(folderOf(id))) await reader.feed([event])
        return reader.screen()
      } finally {
        reader.dispose()
      }
    },
  }
}
