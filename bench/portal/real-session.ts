import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Line, shellWork, typeLines } from '../product/shell-work.ts'

/** Output of a shell: milliseconds since its start, and the bytes. */
export type Heard = { ms: number; bytes: Buffer }

const COLS = 120
const ROWS = 40

const lines: readonly Line[] = [
  [`stty cols ${COLS} rows ${ROWS}; export TERM=xterm-256color`, 200],
  ...shellWork('package-lock.json'),
  ['exit', 0],
]

/** A real bash in a real terminal, recorded with its times by util-linux's `script`. */
export async function recordRealSession(): Promise<{ cols: number; rows: number; heard: Heard[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-bench-session-'))
  const [out, times] = [join(folder, 'out'), join(folder, 'times')]
  try {
    const options = ['--quiet', '--flush', '--log-out', out, '--log-timing', times]
    const shell = spawn('script', [...options, '--command', 'bash --norc -i'], { stdio: ['pipe', 'ignore', 'inherit'] })
    const ended = once(shell, 'exit')
    await typeLines(lines, (key) => shell.stdin.write(key === '\r' ? '\n' : key))
    await ended
    return { cols: COLS, rows: ROWS, heard: read(readFileSync(out), readFileSync(times, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A line of the timing file: seconds since the last output, and how many bytes came. The log begins with a line of its own. */
function read(log: Buffer, times: string): Heard[] {
  let at = log.indexOf('\n') + 1
  let ms = 0
  return times
    .trim()
    .split('\n')
    .map((line) => {
      const [seconds = 0, bytes = 0] = line.split(' ').map(Number)
      ms += seconds * 1000
      at += bytes
      return { ms, bytes: log.subarray(at - bytes, at) }
    })
}
