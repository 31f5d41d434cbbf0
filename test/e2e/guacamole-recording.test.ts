import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { historyUuid } from '../../src/catalogue/guacamole/history.ts'
import { HOST } from './fleet.ts'
import { connectionOfHost, openRecordedWorld, playRecordingOfHost, type RecordedWorld } from './recorded-world.ts'

/** What guacd recorded beside a Guacamole that follows us: shipped by the command, taken in by `serve`, played in Chromium. */
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'enchilada-guacd-'))
let guacamole: RecordedWorld['guacamole']
let world: RecordedWorld['world']
let browser: RecordedWorld['browser']
let close: RecordedWorld['close'] | undefined

beforeAll(async () => {
  ;({ guacamole, world, browser, close } = await openRecordedWorld(folder))
}, 180_000)
afterAll(() => close?.())

const element = (value: string | number) => `${String(value).length}.${value}`
const say = (...words: (string | number)[]) => `${words.map(element).join(',')};`
/** The whole picture in one colour, at a time in ms. */
const paint = (at: number, [red, green, blue]: readonly [number, number, number]) =>
  `${say('rect', 0, 0, 0, 400, 300)}${say('cfill', 14, 0, red, green, blue, 255)}${say('sync', at, 1)}`
const red = [200, 0, 0] as const
const green = [0, 200, 0] as const
const blue = [0, 0, 200] as const

/** The colour in the middle of the picture, as it is on the canvas. */
const colour = (page: Page) =>
  page.locator('.picture canvas').evaluateAll((canvases) => {
    for (const canvas of canvases) {
      if (!(canvas instanceof HTMLCanvasElement) || canvas.width < 400) continue
      const pixel = canvas.getContext('2d')?.getImageData(200, 150, 1, 1).data
      if (pixel?.[3]) return [...pixel].slice(0, 3)
    }
    return undefined
  })

test('a session of Guacamole is shipped, listed, verified, drawn, and sought through', async () => {
  const connection = await connectionOfHost(guacamole)
  const uuid = historyUuid('session', 7)
  const startDate = Date.now() - 600_000
  const named = { connectionIdentifier: connection, connectionName: HOST, username: 'grace', remoteHost: '192.0.2.7' }
  guacamole.history.push({ identifier: '7', startDate, endDate: startDate + 60_000, ...named })
  const path = join(folder, uuid, 'recording')
  mkdirSync(join(folder, uuid))
  const stream = `${say('size', 0, 400, 300)}${paint(1_000, red)}${paint(3_000, green)}${paint(6_000, blue)}`
  writeFileSync(path, stream)
  utimesSync(path, startDate / 1_000 + 60, startDate / 1_000 + 60)

  const { installed, serving } = world
  const cli = (...words: string[]) =>
    run(process.execPath, [installed.cli, '--config', serving.config, '--json', ...words])
  const { files } = JSON.parse((await cli('guacamole', 'ship', '--once', '--folder', folder)).stdout)
  expect(files).toMatchObject([{ file: path, session: uuid, outcome: 'shipped' }])
  expect(existsSync(path)).toBe(false)
  const [{ recording: id }] = files
  const listed = JSON.parse((await cli('recordings', 'list')).stdout)
  expect(listed.recordings).toMatchObject([{ id, personName: 'grace', connectionName: HOST, sealed: true }])
  expect((await cli('recordings', 'export', id)).stdout).toBe(stream)
  await expect(cli('recordings', 'play', id)).rejects.toThrow('RECORDING_IS_A_PICTURE')

  const visited = await playRecordingOfHost({ browser, world })
  const { page, complaints } = visited
  await expect.poll(() => colour(page), { timeout: 10_000 }).toEqual([...red])
  const position = page.getByRole('slider', { name: 'Position' })
  await position.fill('5000')
  await expect.poll(() => colour(page)).toEqual([...blue])
  await position.fill('2000')
  await expect.poll(() => colour(page)).toEqual([...green])
  await page.getByRole('button', { name: 'Play', exact: true }).click()
  await expect.poll(() => colour(page), { timeout: 10_000 }).toEqual([...blue])
  await page.getByRole('button', { name: 'Verify' }).click()
  await page.getByText('Verified').waitFor()
  expect(complaints).toEqual([])
  await visited.close()

  const verified = JSON.parse((await cli('recordings', 'verify', id)).stdout)
  expect(verified).toMatchObject({ ok: true, inTrail: true })
}, 120_000)
