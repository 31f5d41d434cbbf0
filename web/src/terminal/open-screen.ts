import '@xterm/xterm/css/xterm.css'
import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { Terminal } from '@xterm/xterm'

export type TerminalScreen = { terminal: Terminal; fit(): void; find(text: string): boolean; dispose(): void }

type ScreenOptions = { fontSize: number; readOnly: boolean; label: string }

export function openScreen(element: HTMLElement, { fontSize, readOnly, label }: ScreenOptions): TerminalScreen {
  const terminal = new Terminal({
    fontSize,
    fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
    cursorBlink: !readOnly,
    disableStdin: readOnly,
    scrollback: 10_000,
    theme: { background: '#0f1b2a', foreground: '#e9ebed', cursor: '#539fe5' },
  })
  const fit = new FitAddon()
  const search = new SearchAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(search)
  const forget = withAdoptedStyles(() => terminal.open(element))
  terminal.textarea?.setAttribute('aria-label', label)
  return {
    terminal,
    fit: () => fit.fit(),
    find: (text) => search.findNext(text),
    dispose() {
      terminal.dispose()
      forget()
    },
  }
}

/**
 * xterm.js writes its colours into style elements, which our content security policy refuses as inline styles.
 * While it opens, a style element it makes hands its text to a constructed style sheet instead, which the policy allows.
 */
function withAdoptedStyles(open: () => void): () => void {
  const sheets: CSSStyleSheet[] = []
  const create = document.createElement
  document.createElement = (tag: string, options?: ElementCreationOptions) => {
    const element = create.call(document, tag, options)
    if (tag === 'style') {
      const sheet = new CSSStyleSheet()
      sheets.push(sheet)
      document.adoptedStyleSheets.push(sheet)
      let text = ''
      Object.defineProperty(element, 'textContent', {
        get: () => text,
        set: (next: string) => {
          text = next
          sheet.replaceSync(next)
        },
      })
    }
    return element
  }
  try {
    open()
  } finally {
    document.createElement = create
  }
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet))
  }
}
