import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openBrowser } from '../../test/e2e/browser.ts'
import { lookAtPages } from '../../test/e2e/look-at-pages.ts'
import { INSTANCES, openWorld } from '../../test/e2e/world.ts'

/**
 * Every page of the portal in Chromium with 5,000 instances, light, dark, half as wide and narrow: what axe finds, what the browser complains of, what is
 * wider than the page, and what cannot be reached by the keyboard.
 * `--pictures` keeps those of the README in docs/pictures; `--keep FOLDER` keeps one of each page.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    pictures: { type: 'boolean', default: false },
    keep: { type: 'string' },
    only: { type: 'string' },
  },
})
/** Nothing here is drawn by lot; the fleet is the same each time. */
const seed = Number(values.seed ?? 0)
/** 390 points: a telephone. 1024: half of a wide screen, or a tablet. */
const looks = {
  light: { dark: false },
  dark: { dark: true },
  half: { dark: false, width: 1024, height: 768 },
  narrow: { dark: false, width: 390, height: 844 },
}
const forDocs = { light: { dark: false, width: 1280, height: 720 } }
const inDocs = ['instances', 'session', 'recording', 'audit']
const only = values.only?.split(',') ?? (values.pictures ? inDocs : undefined)
const folder = values.pictures ? 'docs/pictures' : values.keep
if (folder) mkdirSync(folder, { recursive: true })

const world = await openWorld(INSTANCES)
const browser = await openBrowser()
const total = { cases: 0, failed: 0, violations: 0, complaints: 0, instances: INSTANCES }
try {
  for (const [look, how] of Object.entries(values.pictures ? forDocs : looks)) {
    const seen = lookAtPages(world, browser, how, {
      ...(only ? { only } : {}),
      picture: async (name, { page }) => {
        if (!folder) return
        await page.screenshot({ path: join(folder, values.pictures ? `${name}.png` : `${name}-${look}.png`) })
      },
    })
    for await (const one of seen) {
      const isWrong = one.violations.length + one.complaints.length > 0 || one.error !== undefined
      total.cases += 1
      total.failed += Number(isWrong)
      total.violations += one.violations.length
      total.complaints += one.complaints.length
      if (isWrong) console.error(JSON.stringify(one))
    }
  }
} finally {
  await browser.close()
  await world.close()
}
if (values.json) console.log(JSON.stringify({ name: 'pages', seed, ...total }))
else {
  const { cases, failed, violations, complaints } = total
  console.log(
    `${cases} pages, ${failed} failed: ${violations} violations found by axe, ${complaints} complaints of the browser`,
  )
}
process.exitCode = total.failed > 0 ? 1 : 0
