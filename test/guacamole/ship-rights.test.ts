import { execFile } from 'node:child_process'
import { chmodSync, chownSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { recordIn, stream } from '../fixtures/guacamole/ship-stage.ts'
import { type ShipCommand, setShipCommand } from './ship-command.ts'

/** The rights that the unit gives, and no more: another user than guacd's, one capability. */
const GUACD = 4_713
const ENCHILADA = 4_712
const run = promisify(execFile)

let command: ShipCommand
beforeEach(async () => {
  command = await setShipCommand()
})
afterEach(() => command.stop())

const unit = readFileSync('docs/install/enchilada-ship.service', 'utf8')
const inUnit = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1]

/** As systemd starts it. */
function shipAs(capabilities: string | undefined) {
  const caps = capabilities === undefined ? '-all' : `-all,+${capabilities.replace(/^CAP_/, '').toLowerCase()}`
  const rights = [`--reuid=${ENCHILADA}`, `--regid=${ENCHILADA}`, '--clear-groups', '--no-new-privs']
  const words = [...rights, `--inh-caps=${caps}`, `--ambient-caps=${caps}`, `--bounding-set=${caps}`]
  return run('setpriv', [...words, process.execPath, ...command.words, '--once', '--json'])
}

test.skipIf(process.getuid?.() !== 0)(
  'with the capability of the unit another user brings away what guacd wrote for itself alone, and without it nobody',
  { timeout: 60_000 },
  async () => {
    const path = recordIn(command.recorded, stream, { at: command.ended(1), writtenAt: Date.now() - 60_000 })
    for (const [file, mode] of [
      [command.recorded, 0o700] as const,
      [dirname(path), 0o700] as const,
      [path, 0o600] as const,
    ]) {
      chownSync(file, GUACD, GUACD)
      chmodSync(file, mode)
    }
    for (const name of ['', 'enchilada.yaml', 'password', 'policies']) chownSync(command.at(name), ENCHILADA, ENCHILADA)

    const refused = await shipAs(undefined).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('SHIP_FOLDER_UNREADABLE') })
    expect(inUnit('AmbientCapabilities')).toBe(inUnit('CapabilityBoundingSet'))
    const { stdout } = await shipAs(inUnit('AmbientCapabilities'))
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ file: path, outcome: 'shipped' }] })
    expect(await directoryFiles(command.store).ids()).toHaveLength(1)
  },
)

test('the unit hides neither the locks of guacd nor the folders that it writes to', () => {
  // /proc/locks is no file of a process: `pid` would take it away, and a minute of silence would be all that tells.
  expect(inUnit('ProcSubset') ?? 'all').toBe('all')
  expect(inUnit('PrivateUsers') ?? 'no').toBe('no')
  const folder = / --folder (\S+)/.exec(inUnit('ExecStart') ?? '')?.[1]
  expect(inUnit('ReadWritePaths')?.split(' ')).toContain(folder)
})
