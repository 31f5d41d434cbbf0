import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endsWithUs } from '../product/ends-with-us.ts'
import { freePort } from '../product/free-port.ts'
import { waitFor } from '../product/serve.ts'

/** A real sshd on loopback with one user, who has a password and a folder of files to look at. */
export type PasswordHost = {
  port: number
  userName: string
  password: string
  /** `algorithm base64`. */
  hostKey: string
  has(file: string): boolean
  stop(): Promise<void>
}

const UID = 4_711
const USER = 'bench'

/** The user exists for this sshd alone: its own mounts hide the machine's lists of users. `flood`: megabytes of flood.txt. */
export async function startPasswordHost({ flood }: { flood: number }): Promise<PasswordHost> {
  if (process.getuid?.() !== 0) throw new Error('sshd checks passwords for other users only as root: run it as root')
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-bench-host-'))
  chmodSync(folder, 0o755)
  const home = join(folder, 'home')
  mkdirSync(home)
  chownSync(home, UID, UID)
  writeFileSync(join(home, '.bash_profile'), 'PS1="bench:\\w$ "\n')
  writeFileSync(join(home, 'notes.txt'), logLines(100_000))
  writeFileSync(join(home, 'flood.txt'), logLines(flood * 1e6))
  mkdirSync('/run/sshd', { recursive: true })

  const password = randomBytes(12).toString('base64url')
  const hash = execFileSync('openssl', ['passwd', '-6', '-stdin'], { input: password, encoding: 'utf8' }).trim()
  const at = (name: string) => join(folder, name)
  writeFileSync(at('passwd'), `${readFileSync('/etc/passwd', 'utf8')}${USER}:x:${UID}:${UID}::${home}:/bin/bash\n`)
  writeFileSync(at('shadow'), `${readFileSync('/etc/shadow', 'utf8')}${USER}:${hash}:19000:0:99999:7:::\n`, {
    mode: 0o600,
  })
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('host_key')])
  const port = await freePort()
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host_key')}`,
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PidFile none',
    'PrintLastLog no',
    'PrintMotd no',
    'PasswordAuthentication yes',
    'MaxStartups 500',
  ]
  writeFileSync(at('sshd_config'), config.join('\n'))
  const mounts = ['passwd', 'shadow'].map((name) => `mount --bind "$0/${name}" /etc/${name}`).join(' && ')
  const start = `${mounts} && exec /usr/sbin/sshd -D -e -f "$0/sshd_config"`
  const server = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', start, folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  endsWithUs(server)
  let said = ''
  server.stderr.on('data', (chunk) => {
    said += chunk
  })
  await waitFor('sshd', 10_000, () => {
    if (server.exitCode !== null) throw new Error(`sshd did not start: ${said}`)
    return answers(port)
  })
  return {
    port,
    userName: USER,
    password,
    hostKey: readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' '),
    has: (file) => existsSync(join(home, file)),
    async stop() {
      const ended = once(server, 'exit')
      server.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What servers write all day: times, levels in colour, words, ids. */
function logLines(bytes: number): string {
  const levels = ['\u001b[32mINFO\u001b[0m', '\u001b[33mWARN\u001b[0m', '\u001b[31mERROR\u001b[0m', 'DEBUG']
  const words = [
    'the',
    'request',
    'was',
    'answered',
    'late',
    'by',
    'a',
    'worker',
    'of',
    'queue',
    'größer',
    'than',
    'usual',
  ]
  const lines: string[] = []
  let size = 0
  for (let n = 0; size < bytes; n += 1) {
    const pick = <T>(from: readonly T[], salt: number) => from[(n * 7919 + salt * 104_729) % from.length]
    const at = new Date(1_790_000_000_000 + n * 137).toISOString()
    const said = [1, 2, 3, 4, 5, 6].map((salt) => pick(words, salt + (n % 31))).join(' ')
    const line = `${at} ${pick(levels, n % 5)} [worker-${n % 16}] ${said} id=${(n * 2_654_435_761).toString(16)}\n`
    lines.push(line)
    size += line.length
  }
  return lines.join('')
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
