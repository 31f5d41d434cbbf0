import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { guacdVersion, startGuacamole } from '../../bench/terminal/guacamole.ts'
import { startPasswordHost } from '../../bench/terminal/password-host.ts'
import { historyUuid } from '../../src/catalogue/guacamole/history.ts'
import { lockedInodes } from '../../src/guacamole/recording-folder.ts'
import { HOST } from './fleet.ts'
import { connectionOfHost, openRecordedWorld, playRecordingOfHost, type RecordedWorld } from './recorded-world.ts'

/** An SSH session through a real guacd, recorded by it, shipped by the command, taken in by `serve`, and drawn again in Chromium. */
const run = promisify(execFile)
const isThere = guacdVersion() !== undefined
const folder = mkdtempSync(join(tmpdir(), 'enchilada-guacd-picture-'))
chmodSync(folder, 0o777)
let guacamole: RecordedWorld['guacamole']
let world: RecordedWorld['world']
let browser: RecordedWorld['browser']
let close: RecordedWorld['close'] | undefined

beforeAll(async () => {
  if (!isThere) return
  ;({ guacamole, world, browser, close } = await openRecordedWorld(folder))
}, 180_000)
afterAll(() => close?.())

/** Red where any layer of the picture is, in its middle: guacd draws a terminal in several. */
const colour = (page: Page) =>
  page.locator('.picture canvas').evaluateAll((canvases) => {
    const pixels = canvases.flatMap((canvas) => {
      if (!(canvas instanceof HTMLCanvasElement) || canvas.width < 800) return []
      const [red = 0, green = 0, blue = 0, opacity = 0] =
        canvas.getContext('2d')?.getImageData(500, 400, 1, 1).data ?? []
      return opacity > 0 ? [red > 100 && green < 80 && blue < 80 ? 'red' : 'dark'] : []
    })
    return pixels.includes('red') ? 'red' : pixels[0]
  })

test.skipIf(!isThere)(
  'what a real guacd drew of an SSH session is drawn again in the portal',
  async () => {
    const uuid = historyUuid('session', 9)
    const host = await startPasswordHost({ flood: 0.001 })
    const guacd = await startGuacamole(host, {
      'recording-path': join(folder, uuid),
      'recording-name': 'recording',
      'create-recording-path': 'true',
    })
    const path = join(folder, uuid, 'recording')
    try {
      const shell = await guacd.open()
      await shell.quiet(500)
      // Rows of red from the top to beyond the bottom, and a word that only a shell could have made.
      shell.type("printf '\\033[41m%9000s\\033[0m\\n' ''; echo MARKER-$((6*7)); touch drawn\r")
      await expect.poll(() => host.has('drawn'), { timeout: 15_000 }).toBe(true)
      await shell.quiet(1_000)
      shell.close()
      // A guacd that misses the hang-up waits 15 s for its user to say something, and up to 5 s for its threads.
      await expect.poll(async () => (await lockedInodes())?.has(statSync(path).ino), { timeout: 40_000 }).toBe(false)
    } finally {
      await guacd.close()
      await host.stop()
    }
    const connection = await connectionOfHost(guacamole)
    const endDate = Date.now() - 60_000
    utimesSync(path, endDate / 1_000, endDate / 1_000)
    const named = { connectionIdentifier: connection, connectionName: HOST, username: 'grace', remoteHost: '192.0.2.7' }
    guacamole.history.push({ identifier: '9', startDate: endDate - 60_000, endDate, ...named })

    const { installed, serving } = world
    const words = ['--config', serving.config, '--json', 'guacamole', 'ship', '--once', '--folder', folder]
    const { files } = JSON.parse((await run(process.execPath, [installed.cli, ...words])).stdout)
    expect(files).toMatchObject([{ file: path, session: uuid, outcome: 'shipped' }])
    expect(existsSync(path)).toBe(false)

    const visited = await playRecordingOfHost({ browser, world })
    const { page, complaints } = visited
    await expect.poll(() => colour(page), { timeout: 20_000 }).toBeDefined()
    const position = page.getByRole('slider', { name: 'Position' })
    const end = (await position.getAttribute('max')) ?? ''
    await position.fill(end)
    await expect.poll(() => colour(page), { timeout: 20_000 }).toBe('red')
    // All of it is in sight, the last row too.
    const isWhole = await page.locator('.picture').evaluate((box) => box.scrollHeight <= box.clientHeight)
    expect(isWhole).toBe(true)
    await position.fill('0')
    await expect.poll(() => colour(page), { timeout: 20_000 }).toBe('dark')
    await position.fill(end)
    await expect.poll(() => colour(page), { timeout: 20_000 }).toBe('red')
    expect(complaints).toEqual([])
    await visited.close()
  },
  180_000,
)
