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

/** Runs a program to its end: arguments as a list, never through a shell. A failing program is a result, not an exception. */
export function run(
  [program = '', ...args]: readonly string[],
  { timeoutMs = 30_000, input }: { timeoutMs?: number; input?: string } = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'pipe', timeout: timeoutMs, killSignal: 'SIGKILL' })
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
    child.once('error', (cause) => reject(new ProgramMissing(program, { cause })))
    // `exit`, not `close`: a program that leaves a daemon behind leaves it our pipes too.
    child.once('exit', (code) => setImmediate(() => resolve({ code: code ?? 137, stdout, stderr })))
  })
}
