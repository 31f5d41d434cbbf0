import { readFileSync } from 'node:fs'
import type { LabInstance } from '../aws/doors.ts'

/** Users of hosts start here, so that none is a user of the machine. */
export const FIRST_UID = 2000
const KEYS_UID = 2999

const defaultUsers: Readonly<Record<string, string>> = {
  'ami-0b0b2404b0b2404b0': 'ubuntu',
  'ami-0d0d0012d0d0012d0': 'admin',
}

/** Whom an image lets in: `ec2-user` on Amazon Linux and on images the lab does not know. */
export const defaultUserOf = (image: string): string => defaultUsers[image] ?? 'ec2-user'

export const hostNameOf = (instance: LabInstance): string => `ip-${(instance.privateIp ?? '').replaceAll('.', '-')}`

export const sshdConfig = `Port 22
HostKey /etc/ssh/ssh_host_rsa_key
HostKey /etc/ssh/ssh_host_ecdsa_key
HostKey /etc/ssh/ssh_host_ed25519_key
Include /etc/ssh/sshd_config.d/*.conf
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
UsePAM no
UseDNS no
StrictModes no
PidFile none
AuthorizedKeysCommand /usr/local/sbin/instance-connect-keys %u
AuthorizedKeysCommandUser ec2-instance-connect
Subsystem sftp internal-sftp
`

// useradd of a host's own scripts must not hand out a user of the machine.
const loginDefaults = `UID_MIN ${FIRST_UID + 1}
UID_MAX 2900
GID_MIN ${FIRST_UID + 1}
GID_MAX 2900
SYS_UID_MIN 2901
SYS_UID_MAX 2998
SYS_GID_MIN 2901
SYS_GID_MAX 2998
CREATE_HOME yes
USERGROUPS_ENAB yes
ENCRYPT_METHOD YESCRYPT
`

export type HostFile = { path: string; text: string; mode?: number }

/** What a new instance's disk says that the machine below it does not. */
export function filesOf(instance: LabInstance): HostFile[] {
  const user = defaultUserOf(instance.image)
  const name = hostNameOf(instance)
  // `*`: no password fits, and sshd does not take the account for a locked one.
  const shadow = ['root', 'sshd', '_apt', 'nobody', 'ec2-instance-connect', user]
  return [
    {
      path: 'etc/passwd',
      text: lines(
        ...systemUsersOf('/etc/passwd'),
        `ec2-instance-connect:x:${KEYS_UID}:${KEYS_UID}::/nonexistent:/usr/sbin/nologin`,
        `${user}:x:${FIRST_UID}:${FIRST_UID}:default user:/home/${user}:/bin/bash`,
      ),
    },
    {
      path: 'etc/group',
      text: lines(...systemUsersOf('/etc/group'), `ec2-instance-connect:x:${KEYS_UID}:`, `${user}:x:${FIRST_UID}:`),
    },
    { path: 'etc/shadow', text: lines(...shadow.map((one) => `${one}:*:20000:0:99999:7:::`)), mode: 0o640 },
    { path: 'etc/gshadow', text: '', mode: 0o640 },
    { path: 'etc/login.defs', text: loginDefaults },
    { path: 'etc/sudoers.d/90-cloud-init-users', text: `${user} ALL=(ALL) NOPASSWD:ALL\n`, mode: 0o440 },
    { path: 'etc/hostname', text: `${name}\n` },
    { path: 'etc/hosts', text: `127.0.0.1 localhost\n${instance.privateIp} ${name}\n` },
    { path: 'etc/resolv.conf', text: 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' },
    { path: 'etc/default-user', text: `${user}\n` },
    { path: 'var/log/auth.log', text: '' },
  ]
}

/** The machine's own people are no people of a host. */
function systemUsersOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .filter((line) => {
      const id = Number(line.split(':')[2])
      return id < 1000 || id === 65_534
    })
}

const lines = (...all: string[]): string => `${all.join('\n')}\n`
