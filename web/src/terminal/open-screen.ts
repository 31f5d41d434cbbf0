import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal } from '@xterm/xterm'
import { keepStylesStrict } from './strict-styles.ts'

export type TerminalScreen = {
  terminal: Terminal
  fit(): void
  /** Draws smaller where the columns are wider than their room, as far as it can still be read. */
  shrink(): void
  /** Selects the next place of the text, upwards or downwards; false when it is nowhere. */
  find(text: string, direction: 'up' | 'down'): boolean
  dispose(): void
}

/** Points. */
const SMALLEST = 10
/** Around the text, as page.css says; in pixels. */
const PADDING = 8

type ScreenOptions = { fontSize: number; readOnly: boolean; label: string; screenReader?: boolean }

export function openScreen(element: HTMLElement, options: ScreenOptions): TerminalScreen {
  const { fontSize, readOnly, label, screenReader = false } = options
  const endStrictStyles = keepStylesStrict()
  const terminal = new Terminal({
    fontSize,
    screenReaderMode: screenReader,
    fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
    // At 1 the rows of some fonts cut off what stands below the line: underscores would be gone.
    lineHeight: 1.15,
    cursorBlink: !readOnly,
    disableStdin: readOnly,
    scrollback: 10_000,
    theme: { background: '#0f1b2a', foreground: '#e9ebed', cursor: '#539fe5' },
  })
  const fit = new FitAddon()
  const search = new SearchAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(search)
  terminal.open(element)
  terminal.textarea?.setAttribute('aria-label', label)
  return {
    terminal,
    fit: () => fit.fit(),
    shrink() {
      const drawn = terminal.element?.querySelector('.xterm-screen')?.clientWidth ?? 0
      const room = element.clientWidth - 2 * PADDING
      if (drawn === 0 || room <= 0) return
      const fits = Math.floor(((terminal.options.fontSize ?? fontSize) * room) / drawn)
      terminal.options.fontSize = Math.max(SMALLEST, Math.min(fontSize, fits))
    },
    find: (text, direction) => (direction === 'up' ? search.findPrevious(text) : search.findNext(text)),
    dispose() {
      terminal.dispose()
      endStrictStyles()
    },
  }
}
