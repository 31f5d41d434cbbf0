import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openSqlite } from '../../src/store/sqlite.ts'

vi.setConfig({ testTimeout: 120_000 })

// What a shell or a script relies on, whatever the command.
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-cli-'))
  const store = await openSqlite(join(folder, 'enchilada.db'))
  const times = {
    detail: 'failed',
    last_event_at: null,
    last_sweep_at: null,
    applied_begun_at: 0,
    drift: 0,
    held_back: 0,
  }
  const scope = { tenant: 'default', account: '111122223333', region: 'eu-west-1', account_name: null }
  await store.db
    .insertInto('scopes')
    .values({ scope: 'default/aws/111122223333/eu-west-1', ...scope, ...times, state: 'stale' })
    .execute()
  await store.close()
  const least = 'portal: { url: "https://x.example" }\nsignIn: { issuer: "https://idp.example", clientId: x }\n'
  writeFileSync(
    join(folder, 'enchilada.yaml'),
    `${least}aws: { homeRegion: eu-west-1 }\nstore: { sqlite: ${folder}/enchilada.db }\n`,
  )
  writeFileSync(join(folder, 'faulty.yaml'), `${least}aws: { homeRegion: europe }\n`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = (args: readonly string[], env: Record<string, string> = {}) => {
  const done = spawnSync(process.execPath, [join(process.cwd(), 'src/cli/main.ts'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: folder, ...env },
  })
  return { code: done.status, stdout: done.stdout, stderr: done.stderr }
}

test.each([
  [['--help'], 0],
  [['fleet', 'status'], 0],
  [['fleet', 'nonsense'], 64],
  [['fleet', 'status', '--nonsense'], 64],
  [['audit', 'list', '--limit', 'many'], 64],
  [['config', 'check', '--config', 'faulty.yaml'], 64],
  [['config', 'check', '--config', 'nowhere.yaml'], 64],
  [['recordings', 'verify', 'none'], 1],
])('%j exits with %i, and speaks of a failure on stderr alone', (args, code) => {
  const done = run(args)
  expect(done.code, done.stderr).toBe(code)
  expect(done[code === 0 ? 'stderr' : 'stdout']).toBe('')
  expect(done[code === 0 ? 'stdout' : 'stderr']).not.toBe('')
})

test('--json is one document on stdout, or the error as one on stderr', () => {
  expect(JSON.parse(run(['fleet', 'status', '--json']).stdout)).toMatchObject({
    scopes: [{ scope: 'default/aws/111122223333/eu-west-1', state: 'stale', detail: 'failed' }],
  })
  const refused = run(['config', 'check', '--config', 'faulty.yaml', '--json'])
  expect(refused.stdout).toBe('')
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'CONFIG_INVALID', retryable: false } })
})

test('colour only where it is wanted', () => {
  const isColoured = (env: Record<string, string>) => run(['fleet', 'status'], env).stdout.includes('\u001b[')
  expect(isColoured({})).toBe(false)
  expect(isColoured({ FORCE_COLOR: '1' })).toBe(true)
  expect(isColoured({ NO_COLOR: '1' })).toBe(false)
})

test('a shell completes commands, and options of a command', () => {
  expect(run(['complete', 'bash']).stdout).toContain('complete -F')
  expect(run(['complete', '--', 'fleet', '']).stdout).toContain('status\tfreshness of every account and region')
  expect(run(['complete', '--', 'fleet', 'status', '--']).stdout).toContain('--state')
})
