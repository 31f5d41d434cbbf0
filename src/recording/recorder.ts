import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type AlarmClock, steady } from '../kernel/clock.ts'
import { syncDirectory } from '../kernel/durable-file.ts'
import { type CodedError, isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import { createAlarm } from './alarm.ts'
import { recordingErrors } from './errors.ts'
import { type EventKind, type RecordedEvent, SESSION, type SessionFacts } from './format.ts'
import { inTime } from './in-time.ts'
import { createOutputGatherer, GATHER_MS } from './output-gatherer.ts'
import type { RecordingFiles } from './recording-files.ts'
import type { Screen } from './screen.ts'
import { type Sealed, sealSlices } from './seal.ts'
import { openSliceLog } from './slice-log.ts'
import type { SpoolBudget } from './spool.ts'
import { startWatching } from './watch.ts'

const GATHER_BYTES = 64 * 1024
/** What came is written once it is this old, all of it at once, whether that is a key's echo or a screen. */
const WRITE_MS = 1_050
/** A disk that has not answered by then is as good as full: the session must end within 2 s of what came, and that waited before. */
const STALL_MS = 900
/** Most disks answer sooner. A timer that rings while the processor is still awake costs less than one that wakes it for nothing later. */
const QUICK_MS = 3
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
  clock: AlarmClock
  budget?: SpoolBudget | undefined
}): Promise<Recorder> {
  const { files, facts, signer, clock, budget } = options
  const folder = join(options.spool, facts.id)
  const unavailable = (cause: unknown) =>
    isCoded(cause) ? cause : recordingErrors.RECORDING_UNAVAILABLE({ reason: reasonOf(cause) }, { cause })

  const running = steady(clock)
  /** In milliseconds of the session. A machine's clock that is set makes nothing recorded go back, and nothing due wait. */
  const time: AlarmClock = { ...running, now: () => Math.max(0, running.now() - facts.startedAt) }

  const begin = async () => {
    const session = files.put(facts.id, SESSION, Buffer.from(JSON.stringify(facts)))
    await inTime(clock, OPEN_MS, 'the store of recordings', session)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncDirectory(options.spool)
    return openSliceLog({ files, folder, facts, clock: time, budget })
  }
  const log = await begin().catch((cause) => {
    throw unavailable(cause)
  })

  const listeners = new Set<RecorderListener>()
  const output = createOutputGatherer()
  let events: RecordedEvent[] = []
  let added = 0
  let waiting = 0
  let writeBy = Number.POSITIVE_INFINITY
  let gathering = false
  let working: Promise<void> = Promise.resolve()
  /** The step that has not begun: it takes all that comes before it does. */
  let queued: Promise<void> | undefined
  let stepBegunAt: number | undefined
  let letGo: () => void = () => undefined
  let over: CodedError | 'sealed' | undefined
  const { promise: failed, resolve: tellFailure } = Promise.withResolvers<CodedError>()

  const fail = (cause: unknown) => {
    over ??= unavailable(cause)
    log.abandon()
    setAlarm()
    // A step that hangs has nobody left who looks at it.
    letGo()
    if (isCoded(over)) tellFailure(over)
  }

  const record = (kind: EventKind, data: string, at: number): RecordedEvent => {
    const event: RecordedEvent = [at, kind, data]
    added += 1
    for (const listener of listeners) listener(event)
    return event
  }

  const add = (kind: EventKind, data: string, at = time.now()) => {
    if (over === undefined) events.push(record(kind, data, at))
  }

  const gather = () => {
    for (const { at, kind, data } of output.take()) add(kind, data, at)
  }

  /** Output becomes text here and not before, a piece at a time: until then it is bytes, which V8 need not look at. */
  function* due(): Generator<RecordedEvent> {
    const earlier = events
    events = []
    yield* earlier
    for (const { at, kind, data } of output.take()) yield record(kind, data, at)
  }

  const write = async () => {
    const bytes = waiting
    await log.append(due())
    waiting -= bytes
  }

  const step = () =>
    new Promise<void>((resolve) => {
      queued = undefined
      if (over !== undefined) return resolve()
      letGo = resolve
      stepBegunAt = time.now()
      setAlarm()
      const end = () => {
        stepBegunAt = undefined
        setAlarm()
        resolve()
      }
      write().then(end, (cause) => {
        fail(cause)
        end()
      })
    })

  const schedule = (): Promise<void> => {
    writeBy = Number.POSITIVE_INFINITY
    if (!queued) queued = working = working.then(step)
    return queued
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

  const alarm = createAlarm(time, () => {
    const now = time.now()
    if (stepBegunAt !== undefined && now >= stepBegunAt + STALL_MS) return lookAtDisk(stepBegunAt)
    const isDue = now >= writeBy || (stepBegunAt === undefined && now >= log.closesAt)
    if (isDue) void schedule()
    // A step that begins sets it itself.
    if (!isDue || stepBegunAt !== undefined) setAlarm()
  })

  const lookAgainAt = (begunAt: number) => {
    const quick = begunAt + QUICK_MS
    return time.now() < quick ? quick : begunAt + STALL_MS
  }

  const setAlarm = () => {
    const next = stepBegunAt === undefined ? log.closesAt : lookAgainAt(stepBegunAt)
    alarm.set(over === undefined ? Math.min(writeBy, next) : Number.POSITIVE_INFINITY)
  }

  const writeSoon = (now = time.now()) => {
    if (writeBy !== Number.POSITIVE_INFINITY) return
    writeBy = now + WRITE_MS
    setAlarm()
  }

  const lookAtDisk = (begunAt: number) => {
    // A process that was itself held up finds timers before answers: those are read first.
    void clock.sleep(0).then(() => {
      if (stepBegunAt !== begunAt) return setAlarm()
      fail(new Error(`the disk has not answered for ${STALL_MS} ms`))
    })
  }

  const recorder: Recorder = {
    facts,
    failed,
    output(bytes) {
      if (over !== undefined || bytes.length === 0) return
      const now = time.now()
      output.push(bytes, now)
      waiting += bytes.length
      gatherSoon()
      if (output.size >= GATHER_BYTES) void schedule()
      else if (!queued) writeSoon(now)
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
      const rest = output.rest()
      if (rest) add(rest.kind, rest.data)
      await schedule()
      listeners.clear()
      if (isCoded(over)) throw over
      over = 'sealed'
      setAlarm()
      try {
        const slices = await log.close()
        const sealed = await sealSlices({ files, facts, slices, reason, endedAt: facts.startedAt + time.now(), signer })
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
