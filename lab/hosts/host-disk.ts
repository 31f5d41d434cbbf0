import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LabInstance } from '../aws/doors.ts'
import { defaultUserOf, FIRST_UID, filesOf, sshdConfig } from './host-files.ts'

const guest = fileURLToPath(new URL('./guest', import.meta.url))

/** Folders of a host that show nothing of the machine's own below them. */
const OWN = ['home', 'root', 'tmp', 'var/tmp', 'etc/ssh'] as const

/** Writes a new instance's disk: what lies above the machine's own files. A stopped instance keeps its disk. */
export function prepareDisk(disk: string, instance: LabInstance): void {
  if (existsSync(disk)) return
  // Built beside and renamed: a disk is whole or not there.
  const building = `${disk}.new`
  rmSync(building, { recursive: true, force: true })
  for (const folder of ['upper', 'work', 'root', ...OWN.map((own) => `own/${own}`)]) {
    mkdirSync(join(building, folder), { recursive: true })
  }
  for (const { path, text, mode } of filesOf(instance)) {
    const file = join(building, 'upper', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    chmodSync(file, mode ?? 0o644)
  }
  mkdirSync(join(building, 'own/etc/ssh/sshd_config.d'))
  writeFileSync(join(building, 'own/etc/ssh/sshd_config'), sshdConfig)
  chmodSync(join(building, 'own/root'), 0o700)
  chmodSync(join(building, 'own/tmp'), 0o1777)
  chmodSync(join(building, 'own/var/tmp'), 0o1777)

  const programs = join(building, 'upper/usr/local/sbin')
  mkdirSync(programs, { recursive: true })
  for (const program of ['boot', 'power', 'instance-connect-keys', 'networkctl']) {
    copyFileSync(join(guest, program), join(programs, program))
    chmodSync(join(programs, program), 0o755)
  }
  for (const verb of ['poweroff', 'halt', 'reboot', 'shutdown', 'systemctl']) symlinkSync('power', join(programs, verb))

  const home = join(building, 'own/home', defaultUserOf(instance.image))
  mkdirSync(home, { mode: 0o700 })
  chownSync(home, FIRST_UID, FIRST_UID)
  renameSync(building, disk)
}

/** Where a host's file lies, seen from outside the host. */
export function pathOnDisk(disk: string, path: string): string {
  const own = OWN.find((folder) => path.startsWith(`/${folder}/`))
  return join(disk, own ? 'own' : 'upper', path)
}
