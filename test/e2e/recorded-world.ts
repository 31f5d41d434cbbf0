import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { waitFor } from '../../bench/product/serve.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'
import { openBrowser, signIn, visit } from './browser.ts'
import { HOST } from './fleet.ts'
import { openWorld, type World } from './world.ts'

/** A `serve` that a Guacamole follows, and a browser; the password and the policies lie in the folder, which goes at the end. */
export type RecordedWorld = { guacamole: FakeGuacamole; world: World; browser: Browser; close(): Promise<void> }

export async function openRecordedWorld(folder: string): Promise<RecordedWorld> {
  const guacamole = await startFakeGuacamole()
  writeFileSync(join(folder, 'password'), guacamole.password)
  mkdirSync(join(folder, 'policies'))
  const everybody =
    'permit (principal in Enchilada::Group::"engineer", action == Enchilada::Action::"connect", resource);'
  writeFileSync(join(folder, 'policies/all.cedar'), everybody)
  const rest = { url: guacamole.url, userName: guacamole.userName, password: { file: join(folder, 'password') } }
  const catalogue = { guacamole: { rest, policies: join(folder, 'policies') } }
  const [world, browser] = await Promise.all([openWorld(10, { catalogue }), openBrowser()])
  return {
    ...{ guacamole, world, browser },
    async close() {
      await browser.close()
      await world.close()
      await guacamole.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Identifier of the host's connection, as soon as Guacamole has it. */
export async function connectionOfHost(guacamole: FakeGuacamole): Promise<string> {
  const hand = await restStage(guacamole)
  let connection = ''
  await waitFor('Guacamole has the host', 30_000, async () => {
    connection = (await hand.see()).connections.find((one) => one.name === HOST)?.id ?? ''
    return connection !== ''
  })
  await hand.stop()
  return connection
}

/** A visit of `root` to the player of the host's recording, which `serve` has taken in. */
export async function playRecordingOfHost({ browser, world }: Pick<RecordedWorld, 'browser' | 'world'>) {
  const visited = await visit(browser, world)
  const { page } = visited
  await signIn(world, visited, 'root')
  const play = page.getByRole('link', { name: `Play ${HOST}` })
  await waitFor('serve has taken it in', 30_000, async () => {
    await page.goto('/recordings')
    await page.getByRole('table', { name: 'Recordings' }).waitFor()
    return (await play.count()) > 0
  })
  await play.click()
  return visited
}
