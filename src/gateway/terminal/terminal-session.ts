import type { AlarmClock } from '../../kernel/clock.ts'
import type { SessionEndReason } from '../../model/session.ts'
import type { RecordedEvent } from '../../recording/format.ts'
import type { Recorder } from '../../recording/recorder.ts'
import type { Attachment, ChannelMessage, Size, TerminalChannel } from '../channel.ts'
import { startLimits } from './limits.ts'
import type { Shell } from './open-shell.ts'

/** Above this the shell is not read: a `yes` in it costs this much memory and no more. */
const BACKLOG_BYTES = 1024 * 1024
/** A watcher so far behind is let go rather than waited for. */
const WATCHER_BACKLOG_BYTES = 4 * 1024 * 1024
/** How often a paused shell is looked at again. */
const BREATH_MS = 10

export type TerminalSession = {
  readonly id: string
  readonly connectionName: string
  /** Gives the session to this browser; the one that had it is told it was replaced. Draws the screen when `resumed`. */
  attach(channel: TerminalChannel, size: Size, resumed: boolean): Promise<Attachment>
  /** Read-only. Returns how to leave. */
  watch(channel: TerminalChannel): Promise<() => void>
  /** Ends it once; later calls do nothing. Resolves when the shell is closed and everything is sealed. */
  end(reason: SessionEndReason, by?: string): Promise<void>
}

type Watching = { channel: TerminalChannel; leave: () => void }

export type TerminalSessionOptions = {
  id: string
  connectionName: string
  startedAt: number
  size: Size
  shell: Shell
  recorder: Recorder
  limits: { idle: number; absolute: number; grace: number }
  clock: AlarmClock
  /** Seals, writes rows and trail; called once, when the shell is closed. */
  onEnd(reason: SessionEndReason, by: string | undefined): Promise<void>
}

export function startTerminalSession(options: TerminalSessionOptions): TerminalSession {
  const { id, connectionName, startedAt, shell, recorder, clock } = options
  const endsAt = startedAt + options.limits.absolute
  const watchers = new Set<Watching>()
  let size = options.size
  let channel: TerminalChannel | undefined
  let ending: Promise<void> | undefined

  const limits = startLimits({ ...options.limits, startedAt, clock, warn: (message) => channel?.say(message), end })

  const behind = () => recorder.pending() > BACKLOG_BYTES || (channel?.buffered() ?? 0) > BACKLOG_BYTES
  const breathe = () => {
    if (ending) return
    if (behind()) setTimeout(breathe, BREATH_MS)
    else shell.stream.resume()
  }
  const take = (bytes: Buffer) => {
    // The person's own first: what the recorder does with it takes no time of theirs, and both have it before anything else happens.
    channel?.send(bytes)
    recorder.output(bytes)
    if (!behind()) return
    shell.stream.pause()
    setTimeout(breathe, BREATH_MS)
  }
  shell.stream.on('data', take)
  shell.stream.stderr.on('data', take)
  void shell.closed.then(() => end('closed-by-target'))
  shell.stream.once('close', () => void end('closed-by-target'))
  void recorder.failed.then(() => end('recording-failed'))

  function end(reason: SessionEndReason, by?: string): Promise<void> {
    ending ??= finish(reason, by)
    return ending
  }

  async function finish(reason: SessionEndReason, by: string | undefined): Promise<void> {
    limits.stop()
    for (const { channel: watcher, leave } of watchers) {
      leave()
      watcher.close(reason)
    }
    watchers.clear()
    channel?.close(reason)
    channel = undefined
    shell.stream.off('data', take)
    shell.stream.resume()
    shell.close()
    // A dead peer never answers the goodbye.
    await Promise.race([shell.closed, clock.sleep(1_000)])
    await options.onEnd(reason, by)
  }

  const connected = (readOnly: boolean): ChannelMessage => ({
    type: 'connected',
    sessionId: id,
    startedAt,
    connectionName,
    readOnly,
    endsAt,
    ...size,
  })

  const resize = (next: Size) => {
    if (next.cols === size.cols && next.rows === size.rows) return
    size = next
    shell.resize(next)
    recorder.resize(next.cols, next.rows)
    for (const watcher of watchers) watcher.channel.say({ type: 'resized', ...next })
  }

  const attachmentOf = (mine: TerminalChannel): Attachment => ({
    input(bytes) {
      if (channel !== mine || ending) return undefined
      limits.touch()
      if (shell.stream.write(bytes)) return undefined
      return new Promise((resolve) => shell.stream.once('drain', resolve))
    },
    resize(cols, rows) {
      if (channel === mine) resize({ cols, rows })
    },
    finish() {
      if (channel === mine) void end('closed-by-person')
    },
    detach() {
      if (channel !== mine) return
      channel = undefined
      limits.left()
    },
    end(reason) {
      if (channel === mine) void end(reason)
    },
  })

  return {
    id,
    connectionName,
    async attach(next, wanted, resumed) {
      channel?.close('replaced')
      channel = undefined
      limits.back()
      if (resumed) await drawScreen(next)
      channel = next
      next.say(connected(false))
      resize(wanted)
      return attachmentOf(next)
    },
    async watch(watcher) {
      watcher.say(connected(true))
      const entry: Watching = { channel: watcher, leave: () => undefined }
      watchers.add(entry)
      const stop = await recorder.watch({
        screen: (screen) => {
          watcher.say({ type: 'resized', cols: screen.cols, rows: screen.rows })
          watcher.send(Buffer.from(screen.data))
        },
        event: (event) => {
          forward(watcher, event)
          if (watcher.buffered() > WATCHER_BACKLOG_BYTES) {
            entry.leave()
            watchers.delete(entry)
            watcher.close('too-slow')
          }
        },
      })
      entry.leave = stop
      return () => {
        stop()
        watchers.delete(entry)
      }
    },
    end,
  }

  /** Resuming shows what the shell looks like now; what it says meanwhile is not lost because the shell is not read. */
  async function drawScreen(next: TerminalChannel): Promise<void> {
    shell.stream.pause()
    try {
      const stop = await recorder.watch({
        screen: (screen) => next.send(Buffer.from(screen.data)),
        event: (event) => forward(next, event),
      })
      stop()
    } finally {
      shell.stream.resume()
    }
  }
}

function forward(channel: TerminalChannel, [, kind, data]: RecordedEvent): void {
  if (kind === 'o') channel.send(Buffer.from(data))
  else if (kind === 'b') channel.send(Buffer.from(data, 'base64'))
  else if (kind === 'r') {
    const [cols = 80, rows = 24] = data.split('x').map(Number)
    channel.say({ type: 'resized', cols, rows })
  }
}
