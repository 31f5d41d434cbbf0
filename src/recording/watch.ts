import type { RecordedEvent } from './format.ts'
import type { Recorder, RecorderListener } from './recorder.ts'
import { createScreenReader, type Screen } from './screen.ts'
import type { SliceLog } from './slice-log.ts'

/**
 * A screen is drawn from at most so much of the recording's end: drawing costs about 0.1 s of CPU a megabyte.
 * What only older output set (a title, a mode of the keyboard) is then missing.
 */
const DRAWN_BYTES = 4 * 1024 * 1024

/** Draws the screen up to now from what is written, holding back what comes meanwhile. */
export async function startWatching(options: {
  recorder: Pick<Recorder, 'subscribe'>
  log: SliceLog
  /** How many events there have been, written or not. */
  added: () => number
  /** Resolves when those so far are written. */
  written: () => Promise<void>
  watcher: { screen(screen: Screen): void; event: RecorderListener }
}): Promise<() => void> {
  const { recorder, log, watcher } = options
  let held: RecordedEvent[] | undefined = []
  const stop = recorder.subscribe((event) => (held ? held.push(event) : watcher.event(event)))
  try {
    const until = options.added()
    await options.written()
    const { from, cols, rows } = log.tail(DRAWN_BYTES)
    const reader = createScreenReader(cols, rows)
    let at = from
    for await (const event of log.read(from)) {
      if (at >= until) break
      await reader.feed([event])
      at += 1
    }
    watcher.screen(reader.screen())
    reader.dispose()
    const missed = held
    held = undefined
    for (const event of missed) watcher.event(event)
    return stop
  } catch (error) {
    stop()
    throw error
  }
}
