import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startRelay } from './relay.ts'
import type { Line } from './report.ts'
import { doors, type Ports, socketOf, type WorldSettings } from './settings.ts'
import { saveWorld } from './world-file.ts'

/**
 * The process outside that holds one world: `node keeper.ts SETTINGS`. It offers the world's doors on loopback, and ending it
 * ends the world. A port of 0 stands for a free one.
 */
const asked: WorldSettings = JSON.parse(process.argv[2] ?? '{}')
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

mkdirSync(asked.dir, { recursive: true, mode: 0o711 })
const ports: Ports = { ...asked.ports }
const relays: { stop(): void }[] = []
for (const door of doors) {
  const relay = await startRelay({ host: '127.0.0.1', port: ports[door] }, () => ({ path: socketOf(asked.dir, door) }))
  ports[door] = relay.port
  relays.push(relay)
}
const settings: WorldSettings = { ...asked, ports }
const log = createWriteStream(`${settings.dir}/log`, { flags: 'a' })
const inside = spawn(path('./enter.sh'), [process.execPath, path('./inside.ts'), JSON.stringify(settings)])
inside.stderr.pipe(log)

const tell = (line: Line) => {
  if (process.connected) process.send?.(line)
}
const progress = createWriteStream(`${settings.dir}/progress.ndjson`, { flags: 'a' })
let ready = false
createInterface({ input: inside.stdout }).on('line', (text) => {
  progress.write(`${text}\n`)
  const line: Line = JSON.parse(text)
  if (line.kind === 'ready') {
    ready = true
    const firstProcess = firstProcessOf(inside.pid ?? 0)
    saveWorld({ ...line.report, pid: process.pid, firstProcess, dir: settings.dir, ok: line.ok })
  }
  tell(line)
})

/** As it is numbered out here: the only child of what made the namespaces. */
const firstProcessOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())

let asking: 'nothing' | 'stop' = 'nothing'
function stop(): void {
  if (asking === 'stop') return
  asking = 'stop'
  // The inside ends in order when its standard input does; what hangs is killed with everything in it.
  inside.stdin.end()
  setTimeout(() => inside.kill('SIGKILL'), 20_000).unref()
}
inside.stdin.on('error', () => {})
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
// Who asked for the world left before it was ready: nobody would ever stop it.
process.on('disconnect', () => {
  if (!ready) stop()
})
process.on('message', (message) => {
  if (message === 'stop') stop()
})

inside.on('close', (code) => {
  if (asking === 'nothing')
    tell({ kind: 'failed', message: `the world ended by itself with ${code}: see ${settings.dir}/log` })
  for (const relay of relays) relay.stop()
  progress.end()
  process.exit(code ?? 1)
})
