import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { syncDirectory } from '../kernel/durable-file.ts'
import { type CodedError, isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import { recordingErrors } from './errors.ts'
import { type EventKind, type RecordedEvent, SESSION, type SessionFacts } from './format.ts'
import { createWatchdog, inTime } from './in-time.ts'
import type { RecordingFiles } from './recording-files.ts'
import type { Screen } from './screen.ts'
import { type Sealed, sealSlices } from './seal.ts'
import { openSliceLog } from './slice-log.ts'
import type { SpoolBudget } from './spool.ts'
import { createTextCutter } from './text-cutter.ts'
import { startWatching } from './watch.ts'

/** Output that comes within this time becomes one event, which bears the time of the first. */
const GATHER_MS = 20
/** Events that come within this time are written together: a write costs about the same whether it carries a key's echo or a screen. */
const WRITE_MS = 500
const GATHER_BYTES = 64 * 1024
/** While something is not yet synced or a slice is open, the recorder looks at it this often. */
const TICK_MS = 1_000
/** A disk that has not answered by then is as good as full: the session must end within 2 s of what came, and that waited for the write. */
const STALL_MS = 1_400
/** Who waits for a session is refused by then. */
const OPEN_MS = 10_000

export type RecorderListener = (event: RecordedEvent) => void

/** Takes the output of one session. Nothing here waits for a browser. */
export type Recorder = {
  readonly facts: SessionFacts
  output(bytes: Uint8Array): void
  resize(cols: number, rows: number): void
  marker(text: string): void
  /** Bytes taken and not yet handed to the disk: the gateway stops reading the shell when this grows. */
  pending(): number
  /** Resolves once with RECORDING_UNAVAILABLE when writing fails or stalls; never rejects. */
  readonly failed: Promise<CodedError>
  /** Every event from now on, as it is recorded. Returns how to stop. */
  subscribe(listener: RecorderListener): () => void
  /** The screen as it is, then every event after it, none lost or doubled. Returns how to stop. */
  watch(watcher: { screen(screen: Screen): void; event: RecorderListener }): Promise<() => void>
  /** Waits until all taken so far is on the local disk. */
  written(): Promise<void>
  /** Waits until all taken so far is written and every closed slice is in the store. */
  flush(): Promise<void>
  seal(reason: string): Promise<Sealed>
}

export async function openRecorder(options: {
  files: RecordingFiles
  /** Local folder for the open slice. */
  spool: string
  facts: SessionFacts
  signer: Signer
  clock: Clock
  budget?: SpoolBudget | undefined
}): Promise<Recorder> {
  const { files, facts, signer, clock, budget } = options
  const folder = join(options.spool, facts.id)
  const unavailable = (cause: unknown) =>
    isCoded(cause) ? cause : recordingErrors.RECORDING_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })

  const begin = async () => {
    const session = files.put(facts.id, SESSION, Buffer.from(JSON.stringify(facts)))
    await inTime(clock, OPEN_MS, 'the store of recordings', session)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncDirectory(options.spool)
    return openSliceLog({ files, folder, facts, clock, budget })
  }
  const log = await begin().catch((cause) => {
    throw unavailable(cause)
  })

  const listeners = new Set<RecorderListener>()
  const cutter = createTextCutter()
  let chunks: Uint8Array[] = []
  let gathered = 0
  let gatheredAt = 0
  let events: RecordedEvent[] = []
  let added = 0
  let waiting = 0
  let gathering = false
  let scheduled = false
  let ticking = false
  let working: Promise<void> = Promise.resolve()
  let over: CodedError | 'sealed' | undefined
  const { promise: failed, resolve: tellFailure } = Promise.withResolvers<CodedError>()

  const fail = (cause: unknown) => {
    over ??= unavailable(cause)
    log.abandon()
    if (isCoded(over)) tellFailure(over)
  }

  const add = (kind: EventKind, data: string, at = clock.now()) => {
    if (over !== undefined) return
    const event: RecordedEvent = [Math.max(0, at - facts.startedAt), kind, data]
    events.push(event)
    added += 1
    for (const listener of listeners) listener(event)
  }

  const gather = () => {
    if (gathered === 0) return
    const cut = cutter.push(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    chunks = []
    gathered = 0
    if (cut) add(cut.kind, cut.data, gatheredAt)
  }

  const write = async () => {
    const batch = events
    const bytes = waiting - gathered
    events = []
    await log.append(batch)
    waiting -= bytes
    if (log.busy) tick()
  }

  let letGo: () => void = () => undefined
  const disk = createWatchdog(clock, STALL_MS, 'the disk', (cause) => {
    fail(cause)
    letGo()
  })
  const step = () =>
    new Promise<void>((resolve) => {
      if (over !== undefined) return resolve()
      letGo = resolve
      disk.begin()
      void write()
        .catch(fail)
        .finally(() => {
          disk.done()
          resolve()
        })
    })

  const schedule = (): Promise<void> => {
    scheduled = false
    gather()
    working = working.then(step)
    return working
  }

  /** Nobody who watches waits for the next output; without one it would only wake the processor. */
  const gatherSoon = () => {
    if (gathering || listeners.size === 0) return
    gathering = true
    void clock.sleep(GATHER_MS).then(() => {
      gathering = false
      gather()
    })
  }

  const writeSoon = () => {
    if (scheduled || over !== undefined) return
    scheduled = true
    void clock.sleep(WRITE_MS).then(() => (scheduled ? schedule() : undefined))
  }

  /** An idle session's last output is synced and its slice closed, too. */
  const tick = () => {
    if (ticking || over !== undefined) return
    ticking = true
    void clock.sleep(TICK_MS).then(() => {
      ticking = false
      return schedule()
    })
  }

  const recorder: Recorder = {
    facts,
    failed,
    output(bytes) {
      if (over !== undefined || bytes.length === 0) return
      const now = clock.now()
      if (now - gatheredAt >= GATHER_MS) gather()
      if (gathered === 0) gatheredAt = now
      chunks.push(bytes)
      gathered += bytes.length
      waiting += bytes.length
      if (gathered >= GATHER_BYTES) return void schedule()
      gatherSoon()
      writeSoon()
    },
    resize(cols, rows) {
      gather()
      add('r', `${cols}x${rows}`)
      writeSoon()
    },
    marker(text) {
      gather()
      add('m', text)
      writeSoon()
    },
    pending: () => waiting,
    subscribe(listener) {
      gather()
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    watch: (watcher) => startWatching({ recorder, log, added: () => added, written: schedule, watcher }),
    written: schedule,
    flush: () => schedule().then(() => log.stored()),
    async seal(reason) {
      await schedule()
      const rest = cutter.rest()
      if (rest) add(rest.kind, rest.data)
      await schedule()
      listeners.clear()
      if (isCoded(over)) throw over
      over = 'sealed'
      try {
        const slices = await log.close()
        const sealed = await sealSlices({ files, facts, slices, reason, endedAt: clock.now(), signer })
        // A bucket has everything now; where the store is this folder, it is not empty.
        await rmdir(folder).catch(() => undefined)
        return sealed
      } catch (cause) {
        log.abandon()
        throw unavailable(cause)
      }
    },
  }
  log.failed.then(fail)
  return recorder
}
