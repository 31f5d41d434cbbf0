import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './commands.ts'
import { maskedFolders, repository } from './folders.ts'

/** The customer's machine, as far as the product sees it: one folder, Node, and an ordinary user. */
export const CUSTOMER = '/run/lab/customer'
const CUSTOMER_UID = 3000
const node = join(CUSTOMER, 'bin/node')
export const configFile = join(CUSTOMER, 'enchilada.yaml')

const script = fileURLToPath(new URL('./as-customer.sh', import.meta.url))

export const buildProduct = (): Promise<string> =>
  run(process.execPath, ['script/build.ts'], { cwd: repository, timeoutMs: 300_000 })

/** Packs what was built and unpacks it where the customer has nothing but Node. */
export async function installProduct(): Promise<string> {
  for (const folder of ['bin', 'data', 'pack', 'app']) mkdirSync(join(CUSTOMER, folder), { recursive: true })
  chownSync(join(CUSTOMER, 'data'), CUSTOMER_UID, CUSTOMER_UID)
  chmodSync(join(CUSTOMER, 'data'), 0o700)
  writeFileSync(node, '')
  await run('mount', ['--bind', process.execPath, node])
  const packed = await run('npm', ['pack', '--json', '--pack-destination', join(CUSTOMER, 'pack')], {
    cwd: repository,
    env: {
      PATH: process.env['PATH'],
      HOME: '/run/lab',
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    },
  })
  const [{ filename }]: [{ filename: string }] = JSON.parse(packed)
  await run('tar', ['-xzf', join(CUSTOMER, 'pack', filename), '-C', join(CUSTOMER, 'app'), '--no-same-owner'])
  return filename
}

/** Writes one of the customer's files; secrets only their user may read. */
export function writeCustomerFile(name: string, text: string): string {
  const file = join(CUSTOMER, name)
  writeFileSync(file, text, { mode: 0o600 })
  chownSync(file, CUSTOMER_UID, CUSTOMER_UID)
  return file
}

const asCustomer = (env: Record<string, string>, args: readonly string[]): string[] => [
  ...['--mount', '--propagation', 'private', 'bash', script, String(CUSTOMER_UID)],
  ...[...maskedFolders(), '/run/lab/disks', '--'],
  ...Object.entries({ PATH: `${CUSTOMER}/bin:/usr/bin:/bin`, HOME: `${CUSTOMER}/data`, ...env }).map((pair) =>
    pair.join('='),
  ),
  ...[node, join(CUSTOMER, 'app/package/dist/cli.js'), ...args],
]

/** Runs one command of the installed CLI to its end. */
export const runProduct = (env: Record<string, string>, args: readonly string[]): Promise<string> =>
  run('unshare', asCustomer(env, args), { timeoutMs: 60_000, name: `enchilada ${args.join(' ')}` })

/** Starts a command that stays; its words go to `log`. */
export function startProduct(env: Record<string, string>, args: readonly string[], log: string): ChildProcess {
  const words = openSync(log, 'a')
  const child = spawn('unshare', asCustomer(env, args), {
    stdio: ['ignore', words, words],
    env: { PATH: process.env['PATH'] },
  })
  closeSync(words)
  return child
}

/**
 * Files of the repository that the process has open or could open: nothing, when it was installed as a customer would.
 * `/proc/PID/root` is the file system as the process itself sees it.
 */
export function repositoryFilesOf(pid: number): string[] {
  const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
  const reachable = maskedFolders().flatMap((folder) => listIfAny(`/proc/${pid}/root${folder}`))
  return [
    ...open.filter((file) => file.startsWith(`${repository}/`) && !file.includes('/.lab/')),
    ...reachable.map((name) => `reachable: ${name}`),
  ]
}

function listIfAny(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
