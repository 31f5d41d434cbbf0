const create = document.createElement

/** Screens that are open now: the last one that closes gives the browser's own way back. */
let open = 0

/**
 * xterm.js writes colours into style elements and style attributes, which our content security policy refuses as inline styles; and it
 * makes elements through the page's document, whatever document it is given. While a screen is open, a style element hands its
 * text to a constructed style sheet, and the style of a span goes to its style object: the policy allows both. Returns how to end it.
 */
export function keepStylesStrict(): () => void {
  const sheets: CSSStyleSheet[] = []
  open += 1
  document.createElement = (tag: string, options?: ElementCreationOptions) => {
    // In the place of a style element stands one without meaning: the browser would note a refusal even of an empty one.
    if (tag === 'style') return styleElement(sheets)
    const element = create.call(document, tag, options)
    return tag === 'span' ? withStyleObject(element) : element
  }
  return () => {
    open -= 1
    if (open === 0) document.createElement = create
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !sheets.includes(sheet))
  }
}

function styleElement(sheets: CSSStyleSheet[]): HTMLElement {
  const element = create.call(document, 'template')
  const sheet = new CSSStyleSheet()
  sheets.push(sheet)
  document.adoptedStyleSheets.push(sheet)
  let text = ''
  return Object.defineProperty(element, 'textContent', {
    get: () => text,
    set: (next: string) => {
      text = next
      sheet.replaceSync(next)
    },
  })
}

function withStyleObject(element: HTMLElement): HTMLElement {
  const { setAttribute } = element
  element.setAttribute = (name, value) => {
    if (name === 'style') element.style.cssText = value
    else setAttribute.call(element, name, value)
  }
  return element
}
