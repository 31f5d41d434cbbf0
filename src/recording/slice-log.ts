import { open } from 'node:fs/promises'
import type { Clock } from '../kernel/clock.ts'
import { isCoded } from '../kernel/errors.ts'
import { recordingErrors } from './errors.ts'
import type { RecordedEvent, SessionFacts, SliceFacts } from './format.ts'
import { inTime } from './in-time.ts'
import { readPartEvents, readSliceEvents } from './reader.ts'
import type { RecordingFiles } from './recording-files.ts'
import { openSlice, type SliceSpan, storeSlice } from './slice-writer.ts'
import type { SpoolBudget } from './spool.ts'

/** To a bucket: what is in one outlives the machine. */
const SLICE_MS = 5_000
/** To a folder of this machine: the open slice is on the same disk, and closing one takes as many turns of the thread pool as a dozen appends. */
const LOCAL_SLICE_MS = 60_000
const SLICE_BYTES = 1024 * 1024
/** Slices closed and not yet stored: more, and appending waits, which stops the shell. */
const MAX_UNSTORED = 8
/** What waits behind these waits on the disk, not in memory. */
const MAX_IN_MEMORY = 2

/** A store that has not answered by then is away. */
const STORE_MS = 20_000
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 30_000
/** The session is over and its end waits to be told: what is not stored by then is stored by and by. */
const LAST_MS = 8_000

/** The slices of one recording, as they are written. One call of `append` or `close` at a time. */
export type SliceLog = {
  /** When the open slice is old enough to be closed, in ms of the session: call `append` then, with nothing if need be. Infinity: it is empty. */
  readonly closesAt: number
  /** Resolves once when a closed slice cannot be stored. */
  readonly failed: Promise<unknown>
  /** Asks for them at once. */
  append(events: Iterable<RecordedEvent>): Promise<void>
  /** Events from the `from`-th on, counted over the whole recording. */
  read(from: number): AsyncGenerator<RecordedEvent>
  /** The size of the terminal before that event, and where to begin so that about `bytes` of plain text are read. */
  tail(bytes: number): { from: number; cols: number; rows: number }
  /** Waits for closed slices; `failed` says when one could not be stored. */
  stored(): Promise<void>
  /** Rejects when not everything can be stored soon; what is not stays in the local folder. */
  close(): Promise<SliceFacts[]>
  /** Stops storing. What is not stored stays in the local folder. */
  abandon(): void
}

type Closed = { n: number; firstEvent: number; size: number; cols: number; rows: number }

export async function openSliceLog(options: {
  files: RecordingFiles
  folder: string
  facts: SessionFacts
  /** Its `now` is in ms of the session. */
  clock: Clock
  /** Where the store is a bucket: how much may wait for it. Without it the store is this machine, and a failure is one at once. */
  budget?: SpoolBudget | undefined
}): Promise<SliceLog> {
  const { files, folder, facts, clock, budget } = options
  const sliceMs = budget ? SLICE_MS : LOCAL_SLICE_MS
  const over = new AbortController()
  let n = 1
  const directory = await open(folder, 'r')
  let slice = await openSlice(folder, directory, n)
  let { cols, rows } = facts
  let current: Closed = { n, firstEvent: 0, size: 0, cols, rows }
  const closed: Closed[] = []
  const stored: SliceFacts[] = []
  let storing: Promise<void> = Promise.resolve()
  let unstored = 0
  let events = 0
  const { promise: failed, resolve: tellFailure } = Promise.withResolvers<unknown>()

  const closeSlice = async () => {
    const at = n
    const span = await slice.close()
    if (!span) return
    const { text } = slice
    const { size } = text
    closed.push({ ...current, size })
    n += 1
    unstored += 1
    const plain = unstored <= MAX_IN_MEMORY ? text.since(0) : undefined
    if (!plain) text.free()
    if (budget && !budget.take(facts.id, at, size)) {
      const reason = `the store is away, and ${budget.limit} bytes wait for it on this machine, which is all that may`
      throw recordingErrors.RECORDING_UNAVAILABLE({ reason })
    }
    storing = storing.then(async () => {
      stored.push(await store(at, span, plain))
      if (plain) text.free()
      unstored -= 1
      budget?.give(facts.id, at)
    })
    storing.catch(tellFailure)
    if (!budget && unstored > MAX_UNSTORED) await storing
  }

  const store = async (at: number, span: SliceSpan, plain: Buffer | undefined): Promise<SliceFacts> => {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      over.signal.throwIfAborted()
      try {
        return await inTime(
          clock,
          STORE_MS,
          'the store of recordings',
          storeSlice(files, facts.id, folder, at, span, plain),
        )
      } catch (error) {
        // A bucket that is away comes back; one that refuses does not.
        if (!budget || (isCoded(error) && !error.retryable)) throw error
        await clock.sleep(wait, over.signal)
      }
    }
  }

  const next = async () => {
    await closeSlice()
    slice = await openSlice(folder, directory, n)
    current = { n, firstEvent: events, size: 0, cols, rows }
    // It was abandoned while this one was opened.
    if (over.signal.aborted) await slice.release()
  }

  function* counted(batch: Iterable<RecordedEvent>): Generator<RecordedEvent> {
    for (const event of batch) {
      events += 1
      if (event[1] === 'r') [cols = cols, rows = rows] = event[2].split('x').map(Number)
      yield event
    }
  }

  const log: SliceLog = {
    get closesAt() {
      return slice.since === undefined ? Number.POSITIVE_INFINITY : slice.since + sliceMs
    },
    failed,
    async append(batch) {
      await slice.append(counted(batch))
      if (slice.text.size >= SLICE_BYTES || clock.now() >= log.closesAt) await next()
    },
    async *read(from) {
      const all = [...closed, current]
      for (const [at, { n: number, firstEvent }] of all.entries()) {
        if ((all[at + 1]?.firstEvent ?? Number.POSITIVE_INFINITY) <= from) continue
        const open = await readPartEvents(folder, number).catch(() => undefined)
        const events = open ?? (await readSliceEvents(files, facts.id, number))
        yield* events.slice(Math.max(0, from - firstEvent))
      }
    },
    tail(bytes) {
      let { size } = slice.text
      let begin = current
      for (const one of closed.toReversed()) {
        size += one.size
        if (size > bytes) break
        begin = one
      }
      return { from: begin.firstEvent, cols: begin.cols, rows: begin.rows }
    },
    stored: () => storing.catch(() => undefined),
    async close() {
      await closeSlice()
      await directory.close()
      if (budget) await inTime(clock, LAST_MS, 'the store of recordings', storing)
      else await storing
      return stored
    },
    abandon() {
      over.abort(new Error('the recording is over'))
      for (const letGo of [slice.release(), directory.close()]) letGo.catch(() => undefined)
    },
  }
  return log
}
