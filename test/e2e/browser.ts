import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import type { World } from './world.ts'

/** A real browser without a screen; it asks for no name but ours. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
      ...['--disable-component-update', '--disable-sync', '--disable-features=OptimizationHints,MediaRouter'],
    ],
  })
}

/** People of the company, by what they do. */
export const people = {
  ada: ['engineer'],
  audrey: ['auditor'],
  olga: ['operator'],
  /** Holds every role, for pages that need two. */
  root: ['engineer', 'auditor', 'operator'],
} as const
export type Name = keyof typeof people

export type Look = { dark?: boolean; width?: number; height?: number }

export type Visit = {
  context: BrowserContext
  page: Page
  /** What the browser complained of: broken scripts, refused styles. */
  complaints: string[]
  close(): Promise<void>
}

/** A browser profile of its own, not signed in. */
export async function visit(browser: Browser, world: World, look: Look = {}): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: world.serving.origin,
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message.text())) complaints.push(message.text())
  })
  return { context, page, complaints, close: () => context.close() }
}

/** A refusal of the API is told by the page; the browser notes its status as well. */
const isExpected = (text: string) => text.startsWith('Failed to load resource')

/** Through the portal's own button and the provider. */
export async function signIn(world: World, { page }: Visit, name: Name, path = '/'): Promise<void> {
  world.provider.signsIn({
    sub: name,
    claims: { email: `${name}@example.com`, groups: people[name] },
    amr: ['pwd', 'otp', 'mfa'],
  })
  await page.goto(path)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).or(page.getByRole('main')).first().waitFor()
}
