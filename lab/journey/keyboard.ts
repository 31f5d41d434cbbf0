import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import type { LabPerson } from '../idp/people.ts'

/**
 * A browser as an engineer's `--browser` may name one: Chromium, without a screen and, for root, without its sandbox. The second door
 * beside the product's own is for the hands at the keyboard.
 */
export function writeBrowser(folder: string): string {
  const file = join(folder, 'browser')
  const flags = '--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --remote-debugging-port=0'
  writeFileSync(file, `#!/bin/sh\nexec /usr/bin/chromium ${flags} "$@"\n`, { mode: 0o755 })
  return file
}

const profileOf = (home: string) => join(home, '.local/share/enchilada/browser')

/** Takes the page of a sign-in that is under way. Call `forgetBrowser` before the sign-in is started. */
export async function takePage<T>(home: string, work: (page: Page) => Promise<T>): Promise<T> {
  const port = await within(15_000, 'the browser', () =>
    Number(readFileSync(join(profileOf(home), 'DevToolsActivePort'), 'utf8').split('\n')[0]),
  )
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`)
  try {
    const page = await within(5_000, 'the page', () => browser.contexts()[0]?.pages()[0])
    return await work(page)
  } finally {
    await browser.close().catch(() => {})
  }
}

export function forgetBrowser(home: string): void {
  mkdirSync(profileOf(home), { recursive: true })
  rmSync(join(profileOf(home), 'DevToolsActivePort'), { force: true })
}

export async function givePassword(page: Page, person: LabPerson): Promise<void> {
  await page.getByLabel('User name').fill(person.name)
  await page.getByLabel('Password').fill(person.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export async function giveCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('One-time code').fill(code)
  await page.getByRole('button', { name: 'Verify' }).click({ noWaitAfter: true })
}

async function within<T>(ms: number, what: string, look: () => T | undefined): Promise<T> {
  const giveUpAt = Date.now() + ms
  for (;;) {
    try {
      const found = look()
      if (found) return found
    } catch {
      // Not there yet.
    }
    if (Date.now() > giveUpAt) throw new Error(`no sign of ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
