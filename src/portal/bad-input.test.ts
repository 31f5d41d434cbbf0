import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type PortalStage, setPortalStage } from '../../test/fixtures/portal-stage.ts'
import type { Visitor } from '../../test/fixtures/portal-visitor.ts'
import { startPostgres } from '../../test/fixtures/postgres.ts'
import { startSshd, type TestSshd } from '../../test/fixtures/sshd.ts'
import { silentLog } from '../kernel/log.ts'
import { Secret } from '../kernel/secret.ts'
import { openPostgres } from '../store/postgres.ts'
import { closeCodes } from './contract/terminal.ts'

/** What the page is told when something is not as it should be: a code, words, and what to do next; and what the trail keeps. */

let sshd: TestSshd
let stage: PortalStage
let ada: Visitor
let connection: string

beforeAll(async () => {
  sshd = await startSshd()
})
beforeEach(async () => {
  stage = await setPortalStage(sshd)
  ada = await stage.visitor('ada', ['engineer'])
  connection = await stage.gateway.addConnection()
})
afterEach(() => stage.close())
afterAll(() => sshd.stop())

/** Opens a terminal that must be refused; gives what the page shows. */
async function refusal(code: string) {
  const terminal = ada.socket(await ada.ticket(`/api/v1/connections/${connection}/tickets`))
  terminal.start()
  const { problem } = await terminal.heard('refused')
  expect(problem.code).toBe(code)
  expect(problem.hint.length).toBeGreaterThan(20)
  expect(`${problem.message}${problem.hint}`).not.toMatch(/\{\w+\}|undefined|\[object|Error:/)
  expect(await terminal.closed).toBe(closeCodes.refused)
  expect(terminal.text()).toBe('')
  const told = stage.gateway.events.at(-1)
  expect(told).toMatchObject({ actor: ada.person.id, subject: connection, data: { code } })
  expect(
    await stage.gateway.store.db.selectFrom('sessions').select('id').where('ended_at', 'is', null).execute(),
  ).toEqual([])
  expect(await stage.portal.parts.metrics.metrics()).toContain(`enchilada_terminals_refused_total{code="${code}"} 1`)
  return problem
}

test('the host is down', async () => {
  await stage.gateway.store.db.updateTable('connections').set({ port: 1 }).execute()
  expect(await refusal('TARGET_UNREACHABLE')).toMatchObject({ retryable: true })
})

test('the password is wrong', async () => {
  await stage.gateway.start({}, [
    { name: 'word', kind: 'password', source: { parameter: 'p' }, allowed: { accounts: ['111122223333'] } },
  ])
  const { message, hint } = await refusal('TARGET_REFUSED_LOGIN')
  expect(message + hint + stage.log.join('') + JSON.stringify(stage.gateway.events)).not.toContain('hunter2')
})

test('the host answers with another key than the one pinned', async () => {
  stage.gateway.console = stage.gateway.console.replace(/ AAAA\S+/g, (key) => key.replace(/.{6}$/, 'AAAAAA'))
  const { hint } = await refusal('HOST_KEY_CHANGED')
  expect(hint).toContain('Host keys')
  expect(stage.gateway.kinds()).toContain('host-key.refused')
})

test.each([
  ['stopped', 'INSTANCE_NOT_RUNNING'],
  ['terminated', 'INSTANCE_GONE'],
] as const)('the instance is %s by now', async (state, code) => {
  stage.gateway.ec2 = { ...stage.gateway.instance, state }
  await refusal(code)
})

test('the instance has another address by now: nothing is opened on the old one', async () => {
  stage.gateway.ec2 = { ...stage.gateway.instance, privateIp: '127.0.0.9' }
  await refusal('INSTANCE_MOVED')
})

test('what is to be recorded cannot be', async () => {
  const place = join(stage.gateway.folder, 'a-file')
  writeFileSync(place, '')
  await stage.gateway.start({}, undefined, place)
  await refusal('RECORDING_UNAVAILABLE')
  rmSync(place)
})

test('the recorder fails in the middle: the session ends, and the page says why', async () => {
  const terminal = ada.socket(await ada.ticket(`/api/v1/connections/${connection}/tickets`))
  terminal.start()
  await terminal.heard('connected')
  const { sessionId } = await terminal.heard('connected')
  rmSync(join(stage.gateway.folder, 'recordings', sessionId), { recursive: true, force: true })
  terminal.type('head -c 3000000 /dev/urandom | base64\n')
  const code = await terminal.closed
  expect(code).toBe(closeCodes['recording-failed'])
  expect(await terminal.heard('ended')).toMatchObject({ reason: 'recording-failed' })
})

test('a right that was taken in the middle: no new shell, and no way back to the old one', async () => {
  const terminal = ada.socket(await ada.ticket(`/api/v1/connections/${connection}/tickets`))
  terminal.start()
  const { sessionId } = await terminal.heard('connected')
  terminal.drop()
  await terminal.closed
  const { db } = stage.gateway.store
  const row = await db
    .selectFrom('web_sessions')
    .selectAll()
    .where('person_id', '=', ada.person.id)
    .executeTakeFirstOrThrow()
  await db
    .updateTable('web_sessions')
    .set({ person: JSON.stringify({ ...JSON.parse(row.person), groups: [] }) })
    .where('id_hash', '=', row.id_hash)
    .execute()
  for (const [path, body] of [
    [`/api/v1/connections/${connection}/tickets`, undefined],
    [`/api/v1/sessions/${sessionId}/tickets`, { purpose: 'resume' }],
  ] as const) {
    const answer = await ada.post(path, body)
    expect([answer.status, (await answer.json())['code']]).toEqual([403, 'ACCESS_DENIED'])
  }
})

test('the trail cannot be written: nothing is opened', async () => {
  stage.gateway.trailBroken = true
  const terminal = ada.socket(await ada.ticket(`/api/v1/connections/${connection}/tickets`))
  terminal.start()
  await terminal.heard('refused')
  expect(terminal.text()).toBe('')
})

test('the identity provider is down: a page with the code; who is signed in goes on', async () => {
  stage.provider.fails(true)
  const answer = await fetch(`${stage.origin}/sign-in`, { redirect: 'manual' })
  expect(answer.status).toBe(503)
  const page = await answer.text()
  expect(page).toContain('<code>SIGN_IN_UNAVAILABLE</code>')
  expect(page).toContain('Try again in a minute')
  expect((await stage.records('sign-in.refused'))[0]).toMatchObject({ data: { code: 'SIGN_IN_UNAVAILABLE' } })
  expect((await ada.get('/api/v1/me')).status).toBe(200)
})

test('the database is gone: a coded 503 for every page, and health stays', async () => {
  const postgres = await startPostgres()
  const other = await setPortalStage(sshd, await openPostgres(new Secret(postgres.url), silentLog))
  let running = true
  try {
    const bob = await other.visitor('bob', ['engineer'])
    expect((await bob.get('/api/v1/connections')).status).toBe(200)
    await postgres.stop()
    running = false
    const answer = await bob.get('/api/v1/connections')
    expect([answer.status, (await answer.json())['code']]).toEqual([503, 'STORE_UNAVAILABLE'])
    expect((await bob.get('/healthz')).status).toBe(200)
    const ready = await bob.get('/readyz')
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { ready: false, parts: [{ name: 'store', ready: false }] },
    ])
    expect(other.log.join('')).not.toContain(postgres.url)
  } finally {
    if (running) await postgres.stop()
    await other.close().catch(() => undefined)
  }
})
