import type { Browser, Page } from 'playwright-core'
import { findViolations } from './axe.ts'
import { type Look, type Name, signIn, type Visit, visit } from './browser.ts'
import { findKeyboardTraps } from './keyboard.ts'
import { leaveRecording, type PageUnderTest, pages } from './pages.ts'
import type { World } from './world.ts'

export type Seen = { page: string; look: string; violations: string[]; complaints: string[]; error?: string }

type Options = { only?: readonly string[]; picture?: (name: string, visited: Visit) => Promise<void> }

/** Opens each page once, in one look, and says what axe, the browser and the keyboard find wrong with it. */
export async function* lookAtPages(
  world: World,
  browser: Browser,
  look: Look,
  options: Options = {},
): AsyncGenerator<Seen> {
  const visits = new Map<Name | undefined, Visit>()
  const as = async (who: Name | undefined): Promise<Visit> => {
    const known = visits.get(who)
    if (known) return known
    const visited = await visit(browser, world, look)
    visits.set(who, visited)
    if (who !== undefined) await signIn(world, visited, who)
    return visited
  }
  const wanted = pages.filter(({ name }) => options.only === undefined || options.only.includes(name))
  try {
    if (wanted.some(({ name }) => /recording|host-keys/.test(name))) await leaveRecording((await as('root')).page)
    for (const one of wanted) {
      const visited = await as(one.who)
      yield await see(one, visited, look, options)
    }
  } finally {
    for (const { close } of visits.values()) await close()
  }
}

async function see(one: PageUnderTest, visited: Visit, look: Look, options: Pick<Options, 'picture'>): Promise<Seen> {
  const { page, complaints } = visited
  const seen = { page: one.name, look: `${look.dark ? 'dark' : 'light'}, ${page.viewportSize()?.width} wide` }
  try {
    await one.open(page)
    // Cloudscape fades things in; axe would see half a colour.
    await page.waitForTimeout(400)
    const violations = [...(await findViolations(page)), ...(await findOverflow(page))]
    await options.picture?.(one.name, visited)
    if (!one.holdsKeyboard) violations.push(...(await findKeyboardTraps(page)))
    return { ...seen, violations, complaints: complaints.splice(0) }
  } catch (error) {
    return { ...seen, violations: [], complaints: complaints.splice(0), error: String(error) }
  }
}

/** A page that must be moved sideways to be read. Tables may be, within themselves. */
async function findOverflow(page: Page): Promise<string[]> {
  const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  return beyond > 0 ? [`the page is ${beyond} px wider than the window`] : []
}
