import { type RefObject, useEffect, useRef, useState } from 'react'
import type { Recording, RecordingEvent, RecordingIndex } from '../../../src/portal/contract/recordings.ts'
import { ApiError, get, getText } from '../api/request.ts'
import { openScreen, type TerminalScreen } from '../terminal/open-screen.ts'
import type { Player } from './controls.tsx'

/** Longer pauses are cut to this when pauses are skipped. */
const IDLE_MS = 1_000
/** How often the clock of the player ticks. */
const TICK_MS = 50

const decode = (data: string) => Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0))

/** Plays a recording on a screen in `holder`: reads slices as they are needed, seeks through the screens of the index. */
export function usePlayer(holder: RefObject<HTMLDivElement | null>, recording: Recording): Player {
  const [position, setPosition] = useState(0)
  const [playing, setPlaying] = useState(false)
  const [speed, setSpeed] = useState(1)
  const [skipIdle, setSkipIdle] = useState(true)
  const [index, setIndex] = useState<RecordingIndex>()
  const [error, setError] = useState<ApiError>()
  const screen = useRef<TerminalScreen>(undefined)
  const cursor = useRef({ slice: 0, at: 0, events: [] as RecordingEvent[], ms: 0 })
  const slices = useRef(new Map<number, Promise<RecordingEvent[]>>())
  const { id } = recording.session

  useEffect(() => {
    const element = holder.current
    if (!element) return
    const opened = openScreen(element, { fontSize: 14, readOnly: true, label: 'Recorded terminal' })
    opened.terminal.resize(recording.cols, recording.rows)
    opened.shrink()
    const observer = new ResizeObserver(() => opened.shrink())
    observer.observe(element)
    screen.current = opened
    get<RecordingIndex>(`/api/v1/recordings/${recording.session.id}/index`).then(setIndex, (cause: unknown) => {
      if (cause instanceof ApiError) setError(cause)
    })
    return () => {
      observer.disconnect()
      opened.dispose()
    }
  }, [holder, recording])

  const load = (n: number): Promise<RecordingEvent[]> => {
    const known = slices.current.get(n)
    if (known) return known
    const loaded = getText(`/api/v1/recordings/${id}/slices/${n}`).then((text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): RecordingEvent => JSON.parse(line)),
    )
    slices.current.set(n, loaded)
    return loaded
  }

  const draw = ([, kind, data]: RecordingEvent) => {
    const terminal = screen.current?.terminal
    if (kind === 'o') terminal?.write(data)
    else if (kind === 'b') terminal?.write(decode(data))
    else if (kind === 'r') {
      const [cols = 80, rows = 24] = data.split('x').map(Number)
      terminal?.resize(cols, rows)
      screen.current?.shrink()
    }
  }

  /** Draws everything up to `until`; false at the end. */
  const advance = async (until: number): Promise<boolean> => {
    if (!index) return false
    const it = cursor.current
    for (;;) {
      const event = it.events[it.at]
      if (event === undefined) {
        const next = index.slices[it.slice]
        if (!next) return false
        it.events = await load(next.n)
        it.slice += 1
        it.at = 0
      } else if (event[0] > until) return true
      else {
        draw(event)
        it.at += 1
      }
    }
  }

  const seek = async (ms: number) => {
    if (!index || !screen.current) return
    const near = index.screens.filter((one) => one.ms <= ms).at(-1)
    const { terminal } = screen.current
    terminal.reset()
    terminal.resize(near?.cols ?? recording.cols, near?.rows ?? recording.rows)
    screen.current.shrink()
    if (near) terminal.write(near.data)
    const slice = near ? index.slices.findIndex((one) => one.n === near.slice) : 0
    cursor.current = { slice, at: 0, events: [], ms }
    setPosition(ms)
    await advance(ms)
  }

  // The tick reads what it needs from the refs.
  useEffect(() => {
    if (!playing || !index) return
    let busy = false
    const timer = setInterval(async () => {
      if (busy) return
      busy = true
      const it = cursor.current
      it.ms += TICK_MS * speed
      const upcoming = it.events[it.at]?.[0]
      if (skipIdle && upcoming !== undefined && upcoming - it.ms > IDLE_MS) it.ms = upcoming - IDLE_MS
      const more = await advance(it.ms).catch(() => false)
      setPosition(more ? Math.min(it.ms, index.durationMs) : index.durationMs)
      if (!more) setPlaying(false)
      busy = false
    }, TICK_MS)
    return () => clearInterval(timer)
  }, [playing, speed, skipIdle, index])

  const atEnd = index !== undefined && position >= index.durationMs
  return {
    position,
    /** Whether there is something to play. */
    ready: index !== undefined,
    duration: index?.durationMs ?? 0,
    playing,
    speed,
    skipIdle,
    error,
    setSpeed,
    setSkipIdle,
    seek: (ms: number) => void seek(ms),
    toggle: () => {
      if (!playing && atEnd) void seek(0).then(() => setPlaying(true))
      else setPlaying(!playing)
    },
  }
}
