import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endsWithUs } from '../product/ends-with-us.ts'

/** Runs a file of this folder as a process of its own and waits for its first line, which is JSON. */
export async function startChild<T>(
  file: string,
  settings: object,
): Promise<{ child: ChildProcess; told: T; pid: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file), JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endsWithUs(child)
  const lines = createInterface({ input: child.stdout })
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with ${code}`)
  })
  const [line] = await Promise.race([once(lines, 'line'), gone])
  gone.catch(() => undefined)
  return { child, told: JSON.parse(line) as T, pid: child.pid ?? 0 }
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
