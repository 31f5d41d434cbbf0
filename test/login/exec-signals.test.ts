import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { keepSession, passphrase } from './kept.ts'
import { enchiladaMain } from './product.ts'

/** Says that it is there, and 300 ms after the first signal which ones it heard. */
const LISTENER = `
  const { appendFileSync } = require('node:fs')
  const heard = []
  const tell = (text) => appendFileSync(process.env.HEARD, text)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {
    if (heard.push(name) === 1) setTimeout(() => { tell(heard.join(' ') + ' end'); process.exit(7) }, 300)
  })
  setTimeout(() => process.exit(9), 15_000)
  tell('ready ')
`

let home: string
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'enchilada-exec-'))
  await keepSession(home, 'default')
  const { PATH } = process.env
  env = { PATH, HOME: home, SHELL: '/bin/sh', ENCHILADA_PASSPHRASE: passphrase, HEARD: join(home, 'heard') }
})
beforeEach(() => rmSync(join(home, 'heard'), { force: true }))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const said = () => (existsSync(join(home, 'heard')) ? readFileSync(join(home, 'heard'), 'utf8') : '')
const until = (text: string) => vi.waitFor(() => expect(said()).toContain(text), { timeout: 15_000, interval: 20 })

const command = (...child: string[]) => [process.execPath, enchiladaMain, 'exec', '--', ...child]
const listener = () => command(process.execPath, '-e', LISTENER)

function start([program = '', ...args]: readonly string[]) {
  const child = spawn(program, args, { cwd: home, env, stdio: 'pipe' })
  return { child, ended: new Promise<number | null>((resolve) => child.once('exit', resolve)) }
}

/** As a person has it: `script` makes the terminal, and what is written to it is typed. */
function startOnTerminal(by = 'exec ') {
  const line = listener().map((word) => `'${word.replaceAll("'", "'\\''")}'`)
  return start(['script', '-qec', `${by}${line.join(' ')}`, '/dev/null'])
}

test('Ctrl-C at a terminal reaches the command once', async () => {
  const { child, ended } = startOnTerminal()
  await until('ready')
  child.stdin.write('\x03')
  expect(await ended).toBe(7)
  expect(said()).toBe('ready SIGINT end')
})

// The kernel tells the one that leads the terminal's session, and all others once that one has ended.
test.each([
  ['exec', 'exec '],
  ['a shell', 'true; '],
])('that its terminal closes is told to the command once, where %s leads the session', async (_, by) => {
  const { child } = startOnTerminal(by)
  await until('ready')
  child.kill('SIGKILL')
  await until('end')
  expect(said()).toBe('ready SIGHUP end')
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('without a terminal %s is passed on', async (signal) => {
  const { child, ended } = start(listener())
  await until('ready')
  child.kill(signal)
  expect(await ended).toBe(7)
  expect(said()).toBe(`ready ${signal} end`)
})

test('a command at a terminal is ended with us', async () => {
  const { ended } = startOnTerminal('echo $$ >pid; exec ')
  await until('ready')
  process.kill(Number(readFileSync(join(home, 'pid'), 'utf8')), 'SIGTERM')
  expect(await ended).toBe(7)
  expect(said()).toBe('ready SIGTERM end')
})

test.skipIf(process.getuid?.() !== 0)('a command that we may not signal is waited for', async () => {
  // Root without its right to signal others, and a command of somebody else.
  const other = command('setpriv', '--reuid=65534', '--clear-groups', 'sh', '-c', 'echo ready; sleep 1; exit 7')
  const { child, ended } = start(['setpriv', '--bounding-set=-kill', '--inh-caps=-kill', ...other])
  const told = text(child.stderr)
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await told).toBe('')
  expect(await ended).toBe(7)
})
