import { SessionRecording } from '@glokon/guacamole-common-js'
import { type RefObject, useEffect, useRef, useState } from 'react'
import type { Recording, RecordingEvent, RecordingIndex } from '../../../src/portal/contract/recordings.ts'
import { ApiError, get, getText } from '../api/request.ts'
import type { Player } from './controls.tsx'

/** Longer pauses are cut to this when pauses are skipped. */
const IDLE_MS = 1_000
const TICK_MS = 50

type Picture = {
  recording: SessionRecording
  /** When something was drawn, ms, rising. */
  frames: readonly number[]
}

/** Plays what guacd wrote in `holder`. The clock is ours, so that speed and pauses are as with terminals; drawing and seeking is Guacamole's. */
export function usePicture(holder: RefObject<HTMLDivElement | null>, { session }: Recording): Player {
  const [picture, setPicture] = useState<Picture>()
  const [duration, setDuration] = useState(0)
  const [position, setPosition] = useState(0)
  const [playing, setPlaying] = useState(false)
  const [speed, setSpeed] = useState(1)
  const [skipIdle, setSkipIdle] = useState(true)
  const [error, setError] = useState<ApiError>()
  const now = useRef(0)
  const { id } = session

  useEffect(() => {
    const element = holder.current
    let gone = false
    let opened: SessionRecording | undefined
    const open = async () => {
      const index = await get<RecordingIndex>(`/api/v1/recordings/${id}/index`)
      const text: string[] = []
      const frames: number[] = []
      for (const { n } of index.slices) {
        for (const [ms, kind, data] of parse(await getText(`/api/v1/recordings/${id}/slices/${n}`))) {
          if (kind !== 'g') continue
          text.push(data)
          frames.push(ms)
        }
      }
      if (gone || !element) return
      opened = new SessionRecording(new Blob(text))
      show(opened, element)
      const recording = opened
      recording.onload = () => {
        setDuration(recording.getDuration())
        setPicture({ recording, frames })
        recording.seek(0)
      }
    }
    open().catch((cause: unknown) => {
      if (cause instanceof ApiError) setError(cause)
    })
    return () => {
      gone = true
      opened?.abort()
      element?.replaceChildren()
    }
  }, [holder, id])

  useEffect(() => {
    if (!playing || !picture) return
    const { recording, frames } = picture
    let drawing = false
    const timer = setInterval(() => {
      if (drawing) return
      now.current += TICK_MS * speed
      const upcoming = frames.find((ms) => ms > now.current)
      if (skipIdle && upcoming !== undefined && upcoming - now.current > IDLE_MS) now.current = upcoming - IDLE_MS
      const atEnd = now.current >= duration
      if (atEnd) {
        now.current = duration
        setPlaying(false)
      }
      setPosition(now.current)
      drawing = true
      recording.seek(now.current, () => {
        drawing = false
      })
    }, TICK_MS)
    return () => clearInterval(timer)
  }, [playing, speed, skipIdle, picture, duration])

  const seek = (ms: number) => {
    now.current = ms
    setPosition(ms)
    picture?.recording.seek(ms)
  }
  return {
    position,
    duration,
    ready: picture !== undefined,
    playing,
    speed,
    skipIdle,
    error,
    setSpeed,
    setSkipIdle,
    seek,
    toggle: () => {
      if (!playing && position >= duration) seek(0)
      setPlaying(!playing)
    },
  }
}

const parse = (text: string): RecordingEvent[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): RecordingEvent => JSON.parse(line))

/** As large as there is room for all of it, never larger than it was. */
function show(recording: SessionRecording, element: HTMLElement): void {
  const display = recording.getDisplay()
  display.onresize = (width, height) => {
    const highest = Number.parseFloat(getComputedStyle(element).maxBlockSize)
    const [across, down] = [element.clientWidth / Math.max(1, width), highest / Math.max(1, height)]
    display.scale(Math.min(1, across, Number.isNaN(down) ? 1 : down))
  }
  element.replaceChildren(display.getElement())
}
