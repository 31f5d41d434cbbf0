import { spawn } from 'node:child_process'

export type RunResult = { code: number; stdout: string; stderr: string }

/** The program is not on PATH, or may not be run. */
export class ProgramMissing extends Error {
  readonly program: string
  constructor(program: string, options: ErrorOptions) {
    super(`${program} cannot be run`, options)
    this.name = 'ProgramMissing'
    this.program = program
  }
}

/** What a program that has ended wrote is in its pipes, and the next look at them finds it. */
const DRAIN_MS = 25

/** Runs a program to its end: arguments as a list, never through a shell. A failing program is a result, not an exception. */
export function run(
  [program = '', ...args]: readonly string[],
  { timeoutMs = 30_000, input }: { timeoutMs?: number; input?: string } = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe' })
    // Our own: the one of `spawn` goes on, and holds the process, where there is no program to end.
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    // A program that does not read to the end has its reasons, and its exit code.
    child.stdin.on('error', () => {}).end(input)
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.once('error', (cause) => {
      clearTimeout(late)
      reject(new ProgramMissing(program, { cause }))
    })
    const finish = (code: number | null) => resolve({ code: code ?? 137, stdout, stderr })
    child.once('close', finish)
    // A program that leaves a daemon behind leaves it our pipes too, and they never close; what it said itself is read by then.
    child.once('exit', (code) => {
      clearTimeout(late)
      setTimeout(() => setImmediate(finish, code), DRAIN_MS).unref()
    })
  })
}
