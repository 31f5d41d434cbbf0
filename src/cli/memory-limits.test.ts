import { spawn } from 'node:child_process'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'

const SPACE = '--max-semi-space-size=8'

async function start(chosen: { options?: string[]; env?: Record<string, string> }) {
  const { NODE_OPTIONS: _, MALLOC_ARENA_MAX: __, ...env } = process.env
  const child = spawn(process.execPath, [...(chosen.options ?? []), 'test/fixtures/limited-process.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...env, ...chosen.env },
  })
  const said = await json(child.stdout)
  return { said, pid: child.pid }
}

test.skipIf(process.platform === 'win32').each([
  ['nothing', {}, [SPACE], '2'],
  ['the space', { options: ['--max-semi-space-size=32'] }, ['--max-semi-space-size=32'], '2'],
  ['the space, for every Node', { env: { NODE_OPTIONS: '--max-semi-space-size=32' } }, [], '2'],
  ['the arenas', { env: { MALLOC_ARENA_MAX: '4' } }, [SPACE], '4'],
  ['both', { options: [SPACE], env: { MALLOC_ARENA_MAX: '4' } }, [SPACE], '4'],
])('whoever chose %s keeps it, and the process its id', async (_, chosen, options, arenas) => {
  const { said, pid } = await start(chosen)
  expect(said).toEqual({ pid, options, arenas })
})
