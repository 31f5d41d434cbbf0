import { SerializeAddon } from '@xterm/addon-serialize'
import headless from '@xterm/headless'
import type { RecordedEvent } from './format.ts'

export type Screen = { cols: number; rows: number; data: string }

/** The terminal draws by itself a moment after a write: to wait for each would cost a timer an event. */
const UNDRAWN = 256 * 1024

/** A terminal without a window: what the screen looked like after these events, as escape sequences that draw it again. */
export type ScreenReader = {
  feed(events: Iterable<RecordedEvent>): Promise<void>
  screen(): Screen
  /** The text of all rows, scrolled-off ones too, without trailing blanks. */
  lines(): string[]
  dispose(): void
}

export function createScreenReader(cols: number, rows: number, { scrollback = 0 } = {}): ScreenReader {
  const terminal = new headless.Terminal({ cols, rows, scrollback, allowProposedApi: true })
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  const write = (data: string | Uint8Array) => new Promise<void>((resolve) => terminal.write(data, resolve))
  return {
    async feed(events) {
      let drawn = Promise.resolve()
      let undrawn = 0
      for (const [, kind, data] of events) {
        if (kind === 'o' || kind === 'b') {
          drawn = write(kind === 'o' ? data : Buffer.from(data, 'base64'))
          undrawn += data.length
          if (undrawn < UNDRAWN) continue
          await drawn
          undrawn = 0
        } else if (kind === 'r') {
          await drawn
          const [width = cols, height = rows] = data.split('x').map(Number)
          terminal.resize(width, height)
        }
      }
      await drawn
    },
    screen: () => ({ cols: terminal.cols, rows: terminal.rows, data: serializer.serialize({ scrollback: 0 }) }),
    lines: () => {
      const buffer = terminal.buffer.active
      return [...Array(buffer.length).keys()].map((at) => buffer.getLine(at)?.translateToString(true) ?? '')
    },
    dispose: () => terminal.dispose(),
  }
}
