import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openJournal } from '../../src/tunnel/journal.ts'
import { openStage } from '../tunnel/stage.ts'

const PATIENCE_MS = 60_000

let stage: Awaited<ReturnType<typeof openStage>>
const folder = mkdtempSync(join(tmpdir(), 'enchilada-ends-'))
beforeAll(async () => {
  stage = await openStage()
  writeFileSync(join(folder, 'lab.yaml'), stage.text)
  chmodSync(folder, 0o755)
}, PATIENCE_MS)
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
  await stage?.close()
})

/** What stands where sudo would, so that no network of this machine is touched. One that hangs waits for the server's answer, until nobody waits for its own. */
const doors = {
  opens: 'read -r document; echo "{}"',
  // As root that sudo made: no signal of ours reaches it.
  hangs: `trap "" TERM; read -r document
case $document in *\\"up\\"*) echo no answer yet >&2; cat > /dev/null; exit 1;; esac
echo "{}"`,
}

const children: ChildProcess[] = []
/** `enchilada up`, as somebody who is not root. */
function up(door: keyof typeof doors, args: readonly string[], stderr: 'pipe' | number = 'pipe') {
  const home = join(folder, String(children.length))
  const bin = join(home, 'bin')
  mkdirSync(bin, { recursive: true })
  chmodSync(home, 0o777)
  writeFileSync(join(bin, 'sudo'), `#!/bin/sh\n${doors[door]}\n`, { mode: 0o755 })
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...{ HOME: home, XDG_STATE_HOME: home, XDG_CACHE_HOME: home, ENCHILADA_ENVIRONMENTS: join(folder, 'lab.yaml') },
    ...{ PATH: `${bin}:${process.env['PATH']}`, NODE_DISABLE_COMPILE_CACHE: '1' },
  }
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
  const main = [process.execPath, resolve('src/cli/main.ts'), 'up', 'lab', ...args]
  const [program = '', ...rest] = process.getuid?.() === 0 ? [...nobody, ...main] : main
  const child = spawn(program, rest, { env, stdio: ['ignore', 'pipe', stderr] })
  children.push(child)
  return {
    child,
    /** Exit code, and what is left of it. */
    async end() {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      const servers = (await stage.aws.lab.instances()).filter(({ state }) => /pending|running/.test(state)).length
      return { code: child.exitCode, servers, leases: (await journal().list()).entries.length }
    },
    isOpen: async () => (await journal().list()).entries.some(({ connectedAt }) => connectedAt !== undefined),
  }
  function journal() {
    return openJournal(join(home, 'enchilada', 'leases'))
  }
}

/** Reads on, or goes away at the line. */
async function readUntil(child: ChildProcess, stream: 'stdout' | 'stderr', text: string, then: 'goes' | 'stays') {
  const input = child[stream]
  if (!input) throw new Error(`${stream} is no pipe`)
  let seen = ''
  await new Promise<void>((found, reject) => {
    input.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (!seen.includes(text)) return
      if (then === 'goes') input.destroy()
      found()
    })
    input.once('end', () => reject(new Error(`up never said ${text}: ${seen}`)))
  })
}

const nothingLeft = { servers: 0, leases: 0 }

test(
  'an end that is asked for just before the network is set waits for no server',
  async () => {
    const { child, end } = up('hangs', [])
    await readUntil(child, 'stderr', 'server has an address', 'stays')
    child.kill('SIGTERM')
    expect(await end()).toEqual({ code: 1, ...nothingLeft })
  },
  PATIENCE_MS / 2,
)

test.each([
  ['stderr', 'while it opens', 'no answer yet', 'hangs', [], 1],
  ['stdout', 'while it opens', 'server has an address', 'hangs', ['--json-lines'], 1],
  ['stderr', 'while it is open', 'ends it.', 'opens', [], 0],
  ['stdout', 'while it is open', 'connected', 'opens', ['--json-lines'], 0],
] as const)(
  'with nobody left to read %s, %s, what ends up leaves nothing',
  async (stream, _, line, door, args, code) => {
    const { child, end } = up(door, args)
    await readUntil(child, stream, line, 'goes')
    child.kill('SIGTERM')
    expect(await end()).toEqual({ code, ...nothingLeft })
  },
  PATIENCE_MS,
)

test(
  'that nobody is left to read it ends what is being opened, and leaves nothing',
  async () => {
    const { child, end } = up('hangs', [])
    await readUntil(child, 'stderr', 'routes of the VPC', 'goes')
    expect(await end()).toEqual({ code: 1, ...nothingLeft })
  },
  PATIENCE_MS,
)

test(
  'a log that is full ends no tunnel, and does not keep it from its end',
  async () => {
    const full = openSync('/dev/full', 'w')
    const { child, end, isOpen } = up('opens', [], full)
    closeSync(full)
    await expect.poll(isOpen, { timeout: PATIENCE_MS / 2 }).toBe(true)
    child.kill('SIGTERM')
    expect(await end()).toEqual({ code: 0, ...nothingLeft })
  },
  PATIENCE_MS,
)
