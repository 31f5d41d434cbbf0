import { spawn } from 'node:child_process'

/** Runs a program to its end and gives what it wrote; throws with its words when it fails, by `name` where its arguments hold secrets. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number; name?: string } = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 120_000,
    killSignal: 'SIGKILL',
  })
  let said = ''
  let complained = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    complained += chunk.toString()
  })
  child.stdin?.end(options.input)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]))
  })
  if (code === 0) return said
  throw new Error(
    `${options.name ?? `${command} ${args.join(' ')}`} ended with ${signal ?? code}\n${said.slice(-4000)}${complained.slice(-8000)}`,
  )
}
