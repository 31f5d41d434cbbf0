import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LabDoors, openDoors } from './doors.ts'

export type AwsOptions = {
  /** 0 or nothing: a free port. */
  port?: number
  host?: string
  /** ms from launch or start to `running`; nothing: at once. */
  pendingMs?: number
  /** ms from the call to `stopped` or `terminated`. */
  stoppingMs?: number
  /** ms that a terminated instance stays in listings; an hour, as EC2 does, when nothing is said. */
  purgeMs?: number
  /** ms from a change to its event on the account's bus. */
  eventDelayMs?: number
  /** Of every random choice: faults' probabilities and the event knobs. */
  seed?: number
  /** Where Lambda functions are unpacked; a temporary folder otherwise. */
  dir?: string
}

export type Aws = {
  /** `http://localhost:PORT`: by name, because CloudFormation takes the bucket from the host of a template's URL. */
  endpoint: string
  port: number
  pid: number
  lab: LabDoors
  /** What the emulator wrote so far. */
  log: () => string
  /** Ends the emulator; throws when it was asked for something that it cannot do. */
  stop: () => Promise<void>
}

const here = dirname(fileURLToPath(import.meta.url))
const python = join(here, '../../.tools/venv/bin/python')
const LISTENING = /listening on http:\/\/[^:]+:(\d+)/
const UNABLE = /NotImplementedError.*|.* not been implemented.*|Traceback/

/** Starts AWS on this machine. It ends with `stop()`, and with this process however that ends. */
export async function startAws(options: AwsOptions = {}): Promise<Aws> {
  if (!existsSync(python)) throw new Error(`${python} is not there: run script/bootstrap first`)
  const child = spawn(python, ['-m', 'cloud', ...toArguments(options)], {
    cwd: here,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, AWS_ENDPOINT_URL: '', MOTO_ACCOUNT_ID: undefined, PYTHONUNBUFFERED: '1' },
  })
  let log = ''
  const exited = once(child, 'exit')
  const port = await new Promise<number>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      log += chunk.toString()
      const found = LISTENING.exec(log)
      if (found) resolve(Number(found[1]))
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the emulator ended with ${code} before it listened:\n${log}`)))
  })
  const endpoint = `http://localhost:${port}`
  return {
    endpoint,
    port,
    pid: child.pid ?? 0,
    lab: openDoors(endpoint),
    log: () => log,
    stop: async () => {
      await end(child, exited)
      const unable = UNABLE.exec(log)
      if (unable) throw new Error(`the emulator was asked for what it cannot do: ${unable[0]}\n${log}`)
    },
  }
}

function toArguments(options: AwsOptions): string[] {
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : String(ms / 1000))
  const given: Record<string, string | undefined> = {
    port: String(options.port ?? 0),
    host: options.host,
    pending: seconds(options.pendingMs),
    stopping: seconds(options.stoppingMs),
    purge: seconds(options.purgeMs),
    'event-delay': seconds(options.eventDelayMs),
    seed: options.seed === undefined ? undefined : String(options.seed),
    node: process.execPath,
    dir: options.dir,
  }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  // The emulator ends when its standard input does; SIGKILL is for one that hangs.
  child.stdin?.end()
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await exited
  clearTimeout(late)
}
