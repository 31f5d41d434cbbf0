import type { Page } from 'playwright-core'

/** More stops than any page has. */
const MOST = 250

type Stop = {
  name: string
  seen: boolean
  at: string
  /** Chromium makes a stop of what can be scrolled, without being asked to. */
  scrolls: boolean
}

/**
 * Tab from the top of a page to its end: what has the focus and cannot be seen, and whether there is an end. A page that holds the
 * keyboard on purpose (the terminal, a dialogue) is not for this.
 */
export async function findKeyboardTraps(page: Page): Promise<string[]> {
  const faults: string[] = []
  const been = new Set<string>()
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    getSelection()?.removeAllRanges()
  })
  for (let presses = 0; presses < MOST; presses += 1) {
    await page.keyboard.press('Tab')
    const stop = await focused(page)
    if (stop && stop.at === [...been].at(-1)) return [...faults, `Tab does not lead on from ${stop.name || stop.at}`]
    if (!stop || been.has(stop.at)) return been.size > 0 ? faults : [...faults, 'nothing can be reached by Tab']
    been.add(stop.at)
    if (!stop.seen) faults.push(`the focus cannot be seen on ${stop.name || stop.at}`)
    if (stop.name === '' && !stop.scrolls) faults.push(`the focus is on something without a name: ${stop.at}`)
  }
  return [...faults, `Tab does not come to an end within ${MOST} stops`]
}

const focused = (page: Page): Promise<Stop | undefined> =>
  page.evaluate(() => {
    const element = document.activeElement
    if (!element || element === document.body) return undefined
    const { width, height, top, left } = element.getBoundingClientRect()
    const within = top < innerHeight && left < innerWidth && top + height > 0 && left + width > 0
    const path: string[] = []
    for (let node: Element | null = element; node; node = node.parentElement) {
      path.unshift(`${node.tagName.toLowerCase()}:${[...(node.parentElement?.children ?? [])].indexOf(node)}`)
    }
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(' ')
    const label = labelled.map((id) => document.getElementById(id)?.textContent ?? '').join(' ')
    const labels = 'labels' in element && element.labels instanceof NodeList ? [...element.labels] : []
    const words = [
      element.getAttribute('aria-label'),
      label,
      ...labels.map((one) => one.textContent),
      element.textContent,
    ]
    return {
      name: (words.find((one) => one?.trim()) ?? '').trim().slice(0, 60),
      // What is typed into a terminal goes into a field that nobody sees: the screen around it shows the focus.
      seen:
        element.matches('.terminal *') || (element.matches(':focus-visible') && within && (width > 0 || height > 0)),
      scrolls: !element.hasAttribute('tabindex'),
      at: path.join('/'),
    }
  })

/** Presses a key until the focus is on what has this name, and can be seen. */
export async function walkTo(page: Page, key: string, name: string, atMost = 40): Promise<void> {
  const been = new Set<string>()
  for (let presses = 0; presses < atMost; presses += 1) {
    const stop = await focused(page)
    if (stop?.name === name && stop.seen) return
    if (stop) been.add(`${stop.name.slice(0, 40)}${stop.seen ? '' : ' (not visibly)'}`)
    await page.keyboard.press(key)
  }
  throw new Error(`${key} did not lead to ${name}, but to ${[...been].join(', ')}`)
}
