import { mkdirSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

export type Visitor = { name: string; context: BrowserContext; page: Page }

/** A real browser without a screen. As root it has no sandbox of its own; the world around it is one. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      // The browser asks for names of its own; none of them is here.
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost',
      ...['--disable-component-update', '--disable-sync', '--disable-features=OptimizationHints,MediaRouter'],
    ],
  })
}

/** Somebody's own browser profile. */
export async function visit(browser: Browser, name: string): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  context.setDefaultTimeout(20_000)
  return { name, context, page: await context.newPage() }
}

/** When a step failed, what the person saw is worth more than the error. */
export async function keepPictures(visitors: readonly Visitor[], dir: string): Promise<string[]> {
  mkdirSync(dir, { recursive: true })
  const kept: string[] = []
  for (const { name, context } of visitors) {
    for (const [index, page] of context.pages().entries()) {
      const path = `${dir}/${name}-${index + 1}.png`
      await page.screenshot({ path }).then(
        () => kept.push(path),
        () => {},
      )
    }
  }
  return kept
}
