import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Laptop } from './laptop.ts'

/** `at`: when it was read, ms since 1970. */
export type Line = { event?: string; at: number; [field: string]: unknown }

/** `enchilada up --json-lines` while it holds its tunnel. */
export type RunningUp = {
  child: ChildProcess
  lines: Line[]
  /** The line that says it is connected. */
  connected: Line
  ended: Promise<number | null>
  /** What it wrote to standard error. */
  complaint(): string
}

const CONNECTED_WITHIN_MS = 60_000

export async function startUp(laptop: Laptop, args: readonly string[]): Promise<RunningUp> {
  const child = laptop.start(['up', ...args, '--json-lines'])
  const lines: Line[] = []
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const ended = once(child, 'close').then(([code]: (number | null)[]) => code ?? null)
  const connected = await new Promise<Line>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`not connected within ${CONNECTED_WITHIN_MS} ms\n${complaint}`)),
      CONNECTED_WITHIN_MS,
    )
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = read(text)
        lines.push(line)
        if (line.event === 'connected') resolve(line)
      })
    void ended.then((code) => reject(new Error(`up ended with ${code}\n${complaint}${JSON.stringify(lines)}`)))
    void ended.finally(() => clearTimeout(late))
    child.once('error', reject)
  })
  return { child, lines, connected, ended, complaint: () => complaint }
}

export async function endsWell({ ended, complaint }: RunningUp): Promise<void> {
  const code = await ended
  if (code !== 0) throw new Error(`up ended with ${code}: ${complaint()}`)
}

function read(text: string): Line {
  try {
    return { ...JSON.parse(text), at: Date.now() }
  } catch {
    return { text, at: Date.now() }
  }
}
