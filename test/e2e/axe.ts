import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** What axe finds, one line each: rule, and where. WCAG 2.2 AA and the best practices. */
export async function findViolations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    // The accessible tree of a terminal is rows of text: colours are the shell's own choice.
    .exclude('.xterm-rows')
    // Cloudscape's own, on narrow pages: it says of a landmark that it is not expanded.
    .exclude('[class*="mobile-toolbar-nav"]')
    .analyze()
  return violations.flatMap(({ id, impact, help, nodes }) =>
    nodes.map((node) => `${id} (${impact}): ${help}: ${node.target.join(' ')}`),
  )
}
