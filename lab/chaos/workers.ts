import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { repository } from '../world/folders.ts'

export type WorkerOptions = {
  folder: string
  count: number
  env: Record<string, string>
  /** What all of them share: accounts, queue, store. */
  configuration: Record<string, unknown>
}

/** Processes of the built product on one store; any of them may be killed at any time and is started anew. */
export function startWorkers({ folder, count, env, configuration }: WorkerOptions) {
  const children = new Map<number, ChildProcess>()
  let stopped = false
  let crashes = 0

  function start(n: number): void {
    const home = join(folder, `worker-${n}`)
    mkdirSync(join(home, 'policies'), { recursive: true })
    const file = join(home, 'enchilada.yaml')
    const own = {
      node: `worker-${n}`,
      portal: { url: 'http://localhost:9', listen: '127.0.0.1:0' },
      access: { policies: join(home, 'policies') },
      recordings: { directory: join(home, 'recordings') },
      audit: {
        directory: join(home, 'audit'),
        checkpoints: join(home, 'checkpoints'),
        signingKey: join(home, 'key.pem'),
      },
    }
    writeFileSync(file, stringify({ ...configuration, ...own }))
    const log = openSync(join(folder, `worker-${n}.log`), 'a')
    const child = spawn(process.execPath, [join(repository, 'dist/cli.js'), 'serve', '--config', file], {
      env: { PATH: process.env['PATH'], HOME: home, ...env },
      stdio: ['ignore', log, log],
    })
    children.set(n, child)
    child.once('exit', () => {
      if (!stopped) setTimeout(() => !stopped && start(n), 100)
    })
  }
  for (let n = 1; n <= count; n += 1) start(n)

  return {
    crashes: () => crashes,
    /** Kills one of them, wherever it is in its work. */
    crash(n: number): void {
      if (children.get(n)?.kill('SIGKILL')) crashes += 1
    },
    async stop(): Promise<void> {
      stopped = true
      await Promise.all(
        [...children.values()].map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return
          const exited = once(child, 'exit')
          child.kill('SIGTERM')
          const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
          await exited
          clearTimeout(late)
        }),
      )
    },
  }
}
