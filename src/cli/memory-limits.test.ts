import { spawn } from 'node:child_process'
import { json, text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

const SPACE = '--max-semi-space-size=8'

async function start(chosen: { options?: string[]; env?: Record<string, string> }) {
  const { NODE_OPTIONS: _, MALLOC_ARENA_MAX: __, ...env } = process.env
  const child = spawn(process.execPath, [...(chosen.options ?? []), 'test/fixtures/limited-process.ts'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, ...chosen.env },
  })
  const [said, complaint] = await Promise.all([json(child.stdout), text(child.stderr)])
  return { said, complaint, pid: child.pid }
}

test.skipIf(process.platform === 'win32').each([
  ['nothing', {}, [SPACE], '2'],
  ['the space', { options: ['--max-semi-space-size=32'] }, ['--max-semi-space-size=32'], '2'],
  ['the space, as V8 writes it', { options: ['--max_semi_space_size=32'] }, ['--max_semi_space_size=32'], '2'],
  ['the space, for every Node', { env: { NODE_OPTIONS: '--max-semi-space-size=32' } }, [], '2'],
  ['the arenas', { env: { MALLOC_ARENA_MAX: '4' } }, [SPACE], '4'],
  ['both', { options: [SPACE], env: { MALLOC_ARENA_MAX: '4' } }, [SPACE], '4'],
])('whoever chose %s keeps it, and the process its id', async (_, chosen, options, arenas) => {
  const { said, complaint, pid } = await start(chosen)
  // V8 says so of an option that it does not know any more.
  expect(complaint).toBe('')
  expect(said).toEqual({ pid, options, arenas })
})
