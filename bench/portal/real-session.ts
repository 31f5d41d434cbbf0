import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Output of a shell: milliseconds since its start, and the bytes. */
export type Heard = { ms: number; bytes: Buffer }

const COLS = 120
const ROWS = 40

/** What is done in the session; it is typed a key at a time. A pause in milliseconds follows each line. */
const lines: readonly (readonly [typed: string, pause: number])[] = [
  [`stty cols ${COLS} rows ${ROWS}; export TERM=xterm-256color`, 200],
  ['ls -la --color=always /usr/bin | head -80', 800],
  ['ps aux', 600],
  ['df -h; free -m; uptime', 900],
  ['for n in $(seq 1 20); do printf "\\rcopying %d%%" $((n * 5)); sleep 0.1; done; echo', 2_500],
  ['head -c 60000 package-lock.json', 1_000],
  ['grep -rn --color=always "import" src/kernel | head -60', 900],
  ['printf "\\033[2J\\033[H\\033[1;31mred\\033[0m \\033[44mblue\\033[0m\\n"', 500],
  ['top -b -n 2 -d 1 | head -90', 2_200],
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
    for (const [typed, pause] of lines) {
      for (const key of `${typed}\n`) {
        shell.stdin.write(key)
        await after(15)
      }
      await after(pause)
    }
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

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
