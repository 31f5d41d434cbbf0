import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFakeClock } from '../../test/fixtures/fake-clock.ts'
import type { NetworkUp } from '../tunnel/network-document.ts'
import { createNetconf } from './netconf.ts'
import { ownFolder } from './own-folder.ts'
import { folders } from './plan.ts'
import { openUndoJournal } from './undo-journal.ts'

const document: NetworkUp = {
  action: 'up',
  device: 'ench01234567',
  owner: process.pid,
  address: '198.18.0.6',
  endpoint: '203.0.113.9',
  engine: { name: 'wireguard', port: 51_820, publicKey: `${'A'.repeat(43)}=`, privateKey: `${'S'.repeat(43)}=` },
  serverAddress: '198.18.0.5',
  routes: ['10.0.0.0/16'],
  handshakeWithinMs: 5_000,
}

test("the steps that make the folder root's own are the ones that were reviewed; elsewhere its mode does", async () => {
  const lines = ownFolder('win32', folders.win32).map(({ tries }) => tries.map((argv) => argv.join(' ')).join(' || '))
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('./golden/folder-win32.txt')
  expect([...ownFolder('linux', folders.linux), ...ownFolder('darwin', folders.darwin)]).toEqual([])
})

test("on Windows nothing is written to a folder that is not made root's own", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netconf-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const said: string[] = []
  const clock = createFakeClock()
  const apply = createNetconf({
    ...{ system: 'win32', folder, journal: openUndoJournal(folder), isInstalled: () => true },
    clock: { now: clock.now, sleep: async (ms) => void (await clock.advance(ms)) },
    async run(argv) {
      said.push(argv.join(' '))
      expect(readdirSync(folder)).toEqual([])
      const fails = argv.includes(folder) && argv.includes('/inheritance:r')
      return { code: fails ? 5 : 0, stdout: '', stderr: fails ? 'Access is denied.' : '' }
    },
  })
  await expect(apply(document, new AbortController().signal)).rejects.toMatchObject({
    code: 'NETCONF_STEP_FAILED',
    message: expect.stringContaining('Access is denied.'),
  })
  expect(said).toHaveLength(4)
  expect(readdirSync(folder)).toEqual([])
})
