import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LabInstance } from '../aws/doors.ts'
import { run } from '../world/commands.ts'
import { pathOnDisk, prepareDisk } from './host-disk.ts'
import { hostNameOf } from './host-files.ts'
import type { createVpcs } from './vpcs.ts'

/** What a host's own power switch asked for; a host that ended otherwise `crashed`. */
export type HostEnd = 'poweroff' | 'halt' | 'reboot' | 'crashed'

export type Host = {
  id: string
  namespace: string
  console(): string
  booted: Promise<void>
  /** Settles when the host ended by itself; a host that is taken down says nothing. */
  ended: Promise<HostEnd>
  /** Where its file lies, seen from outside. */
  pathOf(path: string): string
  takeDown(): Promise<void>
}

export type HostOptions = {
  vpcs: ReturnType<typeof createVpcs>
  /** Where disks are: a tmpfs, because an overlay cannot lie above itself. */
  disks: string
  /** Folders of the machine that no host sees. */
  masked: readonly string[]
  onConsole(id: string, text: string): void
}

const networkScript = fileURLToPath(new URL('./make-host.sh', import.meta.url))
const initScript = fileURLToPath(new URL('./host-init.sh', import.meta.url))
const exits: Readonly<Record<number, HostEnd>> = { 40: 'poweroff', 41: 'halt', 42: 'reboot' }
// GetConsoleOutput gives the last 64 KB.
const CONSOLE_BYTES = 65_536

/** Starts one instance as a network namespace with processes, files and a host name of its own. */
export async function startHost(instance: LabInstance, n: number, options: HostOptions): Promise<Host> {
  const { gateway, length, namespace: vpc } = await options.vpcs.of(instance)
  const disk = join(options.disks, instance.id)
  prepareDisk(disk, instance)
  const namespace = `host${n}`
  const mac = instance.mac ?? `02:00:${hex(n >> 24)}:${hex(n >> 16)}:${hex(n >> 8)}:${hex(n)}`
  const address = `${instance.privateIp}/${length}`
  await run('bash', [networkScript, vpc, namespace, `h${n}`, address, gateway, mac])

  let console = ''
  let down = false
  let child: ChildProcess
  let markBooted: () => void = () => {}
  const booted = new Promise<void>((resolve) => {
    markBooted = resolve
  })
  const hear = (chunk: Buffer) => {
    console = (console + chunk.toString()).slice(-CONSOLE_BYTES)
    options.onConsole(instance.id, console)
    if (console.includes('Boot finished at')) markBooted()
  }
  function boot(): ChildProcess {
    const inside = ['unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child']
    const init = ['bash', initScript, disk, hostNameOf(instance), ...options.masked]
    const started = spawn('ip', ['netns', 'exec', namespace, ...inside, ...init], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    })
    started.stdout.on('data', hear)
    started.stderr.on('data', hear)
    return started
  }
  const ended = new Promise<HostEnd>((resolve) => {
    const watch = () => {
      child = boot()
      child.once('error', () => resolve('crashed'))
      child.once('exit', (code) => {
        if (down) return
        const end = exits[code ?? -1] ?? 'crashed'
        if (end === 'reboot') watch()
        else resolve(end)
      })
    }
    watch()
  })

  return {
    id: instance.id,
    namespace,
    console: () => console,
    booted,
    ended,
    pathOf: (path) => pathOnDisk(disk, path),
    async takeDown() {
      down = true
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        // unshare's --kill-child takes every process of the host with it.
        child.kill('SIGKILL')
        await gone
      }
      await run('ip', ['-n', vpc, 'link', 'del', `h${n}`]).catch(() => '')
      await run('ip', ['netns', 'del', namespace])
    },
  }
}

const hex = (byte: number): string => (byte & 0xff).toString(16).padStart(2, '0')
