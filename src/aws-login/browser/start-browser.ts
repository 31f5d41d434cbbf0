import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { reasonOf } from '../../kernel/errors.ts'
import { loginErrors } from '../errors.ts'
import { unresolvable } from '../sign-in-address.ts'
import { type DevTools, speakDevTools } from './devtools-pipe.ts'

export type StartedBrowser = {
  devTools: DevTools
  /** Resolves when the program has ended, with the last it said. */
  ended: Promise<string>
  close(): Promise<void>
}

const CLOSES_WITHIN_MS = 3_000
const LAST_WORDS = 2_000

/** Arguments of every sign-in. Its own profile folder, because browsers take no orders about the usual one. */
export const browserArguments = ({ profile, headless }: { profile: string; headless: boolean }): string[] => [
  '--remote-debugging-pipe',
  `--user-data-dir=${profile}`,
  `--host-resolver-rules=${unresolvable}`,
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-sync',
  '--disable-background-networking',
  '--hide-crash-restore-bubble',
  ...(headless ? ['--headless=new'] : []),
  'about:blank',
]

export function startBrowser(program: string, options: { profile: string; headless: boolean }): StartedBrowser {
  mkdirSync(options.profile, { recursive: true, mode: 0o700 })
  const child = spawn(program, browserArguments(options), { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-LAST_WORDS)
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(reasonOf(error)))
    child.once('exit', (code, signal) => resolve(said.trim().split('\n').at(-1) || `it ended with ${code ?? signal}`))
  })
  const [, , , toBrowser, fromBrowser] = child.stdio
  if (!isWritable(toBrowser) || !isReadable(fromBrowser)) throw loginErrors.LOGIN_BROWSER_BUSY({ reason: 'no pipes' })
  const devTools = speakDevTools(toBrowser, fromBrowser)
  return { devTools, ended, close: () => close(child, devTools) }
}

/** Asked first, so that the cookies of the identity provider are written. */
async function close(child: ChildProcess, devTools: DevTools): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = once(child, 'exit')
  devTools.send('Browser.close', undefined).catch(() => {})
  const late = setTimeout(() => child.kill('SIGKILL'), CLOSES_WITHIN_MS)
  await exited
  clearTimeout(late)
}

const isWritable = (stream: unknown): stream is Writable =>
  typeof stream === 'object' && stream !== null && 'write' in stream
const isReadable = (stream: unknown): stream is Readable =>
  typeof stream === 'object' && stream !== null && 'read' in stream
