import type { Browser } from 'playwright-core'
import { findViolations } from './axe.ts'
import { type Look, type Name, signIn, type Visit, visit } from './browser.ts'
import { leaveRecording, type PageUnderTest, pages } from './pages.ts'
import type { World } from './world.ts'

export type Seen = { page: string; look: string; violations: string[]; complaints: string[]; error?: string }

/** Opens each page once, in one look, and says what axe and the browser find wrong with it. */
export async function* lookAtPages(
  world: World,
  browser: Browser,
  look: Look,
  options: { only?: readonly string[]; picture?: (name: string, visited: Visit) => Promise<void> } = {},
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
      yield await see(one, visited, look)
      await options.picture?.(one.name, visited)
    }
  } finally {
    for (const { close } of visits.values()) await close()
  }
}

async function see(one: PageUnderTest, { page, complaints }: Visit, look: Look): Promise<Seen> {
  const seen = { page: one.name, look: look.dark ? 'dark' : 'light' }
  try {
    await one.open(page)
    // Cloudscape fades things in; axe would see half a colour.
    await page.waitForTimeout(400)
    return { ...seen, violations: await findViolations(page), complaints: complaints.splice(0) }
  } catch (error) {
    return { ...seen, violations: [], complaints: complaints.splice(0), error: String(error) }
  }
}
