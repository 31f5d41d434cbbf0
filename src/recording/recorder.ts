import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { syncDirectory, writeDurably } from '../kernel/durable-file.ts'
import { type CodedError, isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import { recordingErrors } from './errors.ts'
import { type EventKind, type RecordedEvent, SESSION, type SessionFacts, type SliceFacts } from './format.ts'
import { type Sealed, sealFolder } from './seal.ts'
import { openSlice } from './slice-writer.ts'
import { createTextCutter } from './text-cutter.ts'

/** Output that comes within this time becomes one event: a keystroke's echo costs no write of its own. */
const GATHER_MS = 20
const SLICE_MS = 5_000
const SLICE_BYTES = 256 * 1024
const SYNC_MS = 2_000

export type RecorderListener = (event: RecordedEvent) => void

/** Takes the output of one session. Nothing here waits for a browser. */
export type Recorder = {
  readonly facts: SessionFacts
  output(bytes: Uint8Array): void
  resize(cols: number, rows: number): void
  marker(text: string): void
  /** Bytes taken and not yet handed to the disk: the gateway stops reading the shell when this grows. */
  pending(): number
  /** Resolves once with RECORDING_UNAVAILABLE when writing fails; never rejects. */
  readonly failed: Promise<CodedError>
  /** Every event from now on, as it is recorded. Returns how to stop. */
  subscribe(listener: RecorderListener): () => void
  /** Waits until all taken so far is on the disk. */
  flush(): Promise<void>
  seal(reason: string): Promise<Sealed>
}

export async function openRecorder(options: {
  directory: string
  facts: SessionFacts
  signer: Signer
  clock: Clock
}): Promise<Recorder> {
  const { facts, signer, clock } = options
  const folder = join(options.directory, facts.id)
  const unavailable = (cause: unknown) =>
    isCoded(cause) ? cause : recordingErrors.RECORDING_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })

  let slice = await begin().catch((cause) => {
    throw unavailable(cause)
  })
  async function begin() {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeDurably(join(folder, SESSION), JSON.stringify(facts))
    await syncDirectory(options.directory)
    return openSlice(folder, 1)
  }

  const slices: SliceFacts[] = []
  const listeners = new Set<RecorderListener>()
  const cutter = createTextCutter()
  let chunks: Uint8Array[] = []
  let gathered = 0
  let events: RecordedEvent[] = []
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> = Promise.resolve()
  let syncedAt = clock.now()
  let over: CodedError | 'sealed' | undefined
  let fail: (error: CodedError) => void = () => undefined
  const failed = new Promise<CodedError>((resolve) => {
    fail = resolve
  })

  const add = (kind: EventKind, data: string) => {
    const event: RecordedEvent = [Math.max(0, clock.now() - facts.startedAt), kind, data]
    events.push(event)
    for (const listener of listeners) listener(event)
  }

  const gather = () => {
    if (gathered === 0) return
    const cut = cutter.push(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    chunks = []
    gathered = 0
    if (cut) add(cut.kind, cut.data)
  }

  const closeSlice = async () => {
    const n = slices.length + 1
    const stored = await slice.close()
    if (stored) slices.push(stored)
    return n
  }

  const write = async () => {
    const batch = events
    const bytes = waiting
    events = []
    if (batch.length > 0) await slice.append(batch)
    waiting -= bytes
    const now = clock.now()
    const age = slice.since === undefined ? 0 : now - facts.startedAt - slice.since
    if (slice.size >= SLICE_BYTES || age >= SLICE_MS) {
      await closeSlice()
      slice = await openSlice(folder, slices.length + 1)
      syncedAt = now
    } else if (now - syncedAt >= SYNC_MS && slice.size > 0) {
      await slice.sync()
      syncedAt = now
    }
  }

  const schedule = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    hurried = false
    gather()
    working = working.then(async () => {
      if (over !== undefined) return
      await write().catch((cause) => {
        over = unavailable(cause)
        fail(over)
      })
      // An idle session's last lines are synced too, and its slice closed.
      if (over === undefined && slice.size > 0) timer ??= setTimeout(schedule, SYNC_MS).unref()
    })
    return working
  }

  let hurried = false
  const later = () => {
    if (hurried) return
    hurried = true
    clearTimeout(timer)
    timer = setTimeout(schedule, GATHER_MS)
  }

  return {
    facts,
    failed,
    output(bytes) {
      if (over !== undefined || bytes.length === 0) return
      chunks.push(bytes)
      gathered += bytes.length
      waiting += bytes.length
      if (gathered >= 64 * 1024) void schedule()
      else later()
    },
    resize(cols, rows) {
      gather()
      add('r', `${cols}x${rows}`)
      later()
    },
    marker(text) {
      gather()
      add('m', text)
      later()
    },
    pending: () => waiting,
    subscribe(listener) {
      gather()
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    flush: schedule,
    async seal(reason) {
      await schedule()
      const rest = cutter.rest()
      if (rest) add(rest.kind, rest.data)
      await schedule()
      listeners.clear()
      if (isCoded(over)) throw over
      over = 'sealed'
      clearTimeout(timer)
      try {
        await closeSlice()
        return await sealFolder({ folder, facts, slices, reason, endedAt: clock.now(), signer })
      } catch (cause) {
        throw unavailable(cause)
      }
    },
  }
}
