import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitFor } from '../../bench/product/serve.ts'
import { signIn } from '../../bench/product/sign-in.ts'
import type { ConnectionList, Ticket } from '../../src/portal/contract/connections.ts'
import { closeCodes } from '../../src/portal/contract/terminal.ts'
import { type Visitor, visitorOf } from '../fixtures/portal-visitor.ts'
import { HOST } from './fleet.ts'
import { openWorld, POLICIES, type World } from './world.ts'

/** The built product without a browser: what it tells nobody, and what it does when AWS or its own place is taken away. */
const run = promisify(execFile)
let world: World
let ada: Visitor
let connection = ''

beforeAll(async () => {
  world = await openWorld(40)
  const { cookie } = await signIn(world.serving.origin, world.provider, ['engineer', 'auditor', 'operator'])
  ada = visitorOf(world.serving.origin, { id: '', name: 'ada', groups: [], mfa: true, authenticatedAt: 0 }, cookie)
  const list: ConnectionList = JSON.parse(await (await ada.get(`/api/v1/connections?q=${HOST}`)).text())
  connection = list.items[0]?.id ?? ''
}, 120_000)
afterAll(() => world?.close())

test('secrets are in no log, no trail, no metric, no recording and no answer', async () => {
  const answer = await ada.post(`/api/v1/connections/${connection}/tickets`)
  const { ticket }: Ticket = JSON.parse(await answer.text())
  const shell = ada.socket(ticket)
  shell.start()
  const { sessionId } = await shell.heard('connected')
  const blind = `blind-${sessionId.slice(-6)}`
  shell.type('echo ready-$((1 + 1)); read -s WORD\n')
  await shell.shows('ready-2')
  // The shell turns the echo off a moment after it has said so.
  await new Promise((resolve) => setTimeout(resolve, 500))
  shell.type(`${blind}\n`)
  shell.type('echo letters-$(printf %s "$WORD" | wc -c)\n')
  await shell.shows(`letters-${blind.length}`)
  shell.send(JSON.stringify({ type: 'close' }))
  await shell.closed
  await waitFor(
    'the recording is sealed',
    10_000,
    async () => (await ada.get(`/api/v1/recordings/${sessionId}/index`)).ok,
  )

  const { serving, provider, privateKey } = world
  const cookies = ada.cookie.split('; ').map((cookie) => cookie.slice(cookie.indexOf('=') + 1))
  const key = privateKey.split('\n').slice(1, -2)
  const secrets = [ticket, blind, provider.clientSecret, 'stand-in', ...cookies, ...key].filter((word) => word !== '')
  expect(secrets.length).toBeGreaterThan(6)
  const paths = ['me', 'connections', 'sessions', 'recordings', 'scopes', 'audit', `recordings/${sessionId}/cast`]
  const answers = await Promise.all(
    [...paths.map((path) => `/api/v1/${path}`), '/metrics', '/readyz', '/api/openapi.json'].map(async (path) =>
      (await ada.get(path)).text(),
    ),
  )
  const places: Record<string, string> = {
    log: serving.log(),
    answers: answers.join('\n'),
    files: filesBelow(world.folder)
      .filter((file) => !/key$|\.pem$/.test(file))
      .map((file) => readFileSync(file, 'latin1'))
      .join('\n'),
    data: filesBelow(join(serving.data, 'recordings'))
      .map((file) => readFileSync(file, 'latin1'))
      .join('\n'),
  }
  for (const [place, text] of Object.entries(places)) {
    expect(text.length).toBeGreaterThan(100)
    expect([place, secrets.filter((secret) => text.includes(secret))]).toEqual([place, []])
  }
  // The database is the one place of hashes: none of them opens anything.
  const database = readFileSync(join(serving.data, 'enchilada.db'), 'latin1')
  expect(secrets.filter((secret) => database.includes(secret))).toEqual([])
})

test('every metric says what it is, under a name of ours', async () => {
  const lines = (await (await ada.get('/metrics')).text()).split('\n')
  const helped = new Set(lines.flatMap((line) => /^# HELP (\S+) \S.{5,}/.exec(line)?.[1] ?? []))
  const typed = lines.flatMap((line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? [])
  expect(typed.length).toBeGreaterThan(20)
  expect(typed.filter((name) => !helped.has(name) || !name.startsWith('enchilada_'))).toEqual([])
  expect(typed.filter((name) => !/^[a-z0-9_]+$/.test(name))).toEqual([])
  // Each value of a label is of a closed list: no path with an id, no person.
  expect(lines.filter((line) => line.startsWith('enchilada_http')).join('\n')).not.toMatch(
    new RegExp(`${connection}|example`),
  )
})

test('a second serve on the same database is refused, with the code and what to do', async () => {
  const refused = await run(process.execPath, [world.installed.cli, '--config', world.serving.config, 'serve'], {
    env: { PATH: process.env['PATH'], BENCH_CLIENT_SECRET: 'x', AWS_REGION: 'eu-west-1' },
  }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('STORE_IN_USE') })
  expect((await ada.get('/api/v1/me')).status).toBe(200)
})

test('policies that change end what they no longer allow; files that are not valid change nothing', async () => {
  const { serving } = world
  const file = join(dirname(serving.config), 'policies/bench.cedar')
  const shell = ada.socket(await ada.ticket(`/api/v1/connections/${connection}/tickets`))
  shell.start()
  await shell.heard('connected')
  const newest = async (kind: string): Promise<{ seq: number; data: Record<string, unknown> } | undefined> =>
    (await (await ada.get(`/api/v1/audit?kind=${kind}&limit=1`)).json()).items[0]
  const reload = async (text: string, kind: string) => {
    const before = (await newest(kind))?.seq ?? 0
    writeFileSync(file, text)
    process.kill(serving.pid, 'SIGHUP')
    await waitFor(kind, 10_000, async () => ((await newest(kind))?.seq ?? 0) > before)
  }
  await reload(`${POLICIES} permit (`, 'policies.refused')
  // The trail is told first.
  await waitFor('the metric', 10_000, async () => (await serving.metric('enchilada_policies_refused')) === 1)
  shell.type('echo goes-$((1 + 1))\n')
  await shell.shows('goes-2')
  await reload(POLICIES.replace('"connect"]', '"list"]'), 'policies.changed')
  expect(await shell.closed).toBe(closeCodes['access-withdrawn'])
  await waitFor('the trail says why', 10_000, async () => {
    return (await newest('session.disconnected'))?.data['reason'] === 'access-withdrawn'
  })
  expect((await ada.post(`/api/v1/connections/${connection}/tickets`)).status).toBe(403)
  await reload(POLICIES, 'policies.changed')
  await waitFor('connecting is allowed again', 10_000, async () => {
    return (await ada.post(`/api/v1/connections/${connection}/tickets`)).status === 201
  })
  expect(await serving.metric('enchilada_policies_refused')).toBe(0)
})

test('AWS is gone: the list stays, a connect is refused with the reason, and nothing crashes', async () => {
  await world.standIn.close()
  const list = await ada.get('/api/v1/connections')
  expect(list.status).toBe(200)
  const shell = ada.socket(await ada.ticket(`/api/v1/connections/${connection}/tickets`))
  shell.start()
  const { problem } = await shell.heard('refused', 60_000)
  expect(problem).toMatchObject({ code: 'INSTANCE_UNKNOWN', retryable: true })
  const trail = await (await ada.get('/api/v1/audit?kind=session.refused&limit=1')).json()
  expect(trail).toMatchObject({ items: [{ data: { code: 'INSTANCE_UNKNOWN' } }] })
  expect((await ada.get('/healthz')).status).toBe(200)
}, 90_000)

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
