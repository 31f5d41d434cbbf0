import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { type FakeGuacamole, startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { openBrowser } from './browser.ts'
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
