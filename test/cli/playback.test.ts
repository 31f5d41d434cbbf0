import { execFile } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listRecords } from '../../src/audit/list-records.ts'
import { verifyTrail } from '../../src/audit/verify-trail.ts'
import { directoryFiles } from '../../src/recording/recording-files.ts'
import { type RecordingStage, setRecordingStage } from '../fixtures/recording-stage.ts'

/** The command line beside the files of a portal. */
let stage: RecordingStage
let id: string
const audit = () => join(stage.folder, 'audit')
beforeEach(async () => {
  stage = await setRecordingStage()
  const recordings = join(stage.folder, 'recordings')
  const recorder = await stage.open({ files: directoryFiles(recordings), spool: recordings }).open(stage.facts())
  recorder.output(Buffer.from('shown to the person'))
  await recorder.seal('closed-by-person')
  id = recorder.facts.id
  mkdirSync(audit(), { mode: 0o700 })
  writeFileSync(
    join(stage.folder, 'enchilada.yaml'),
    `
portal: { url: "http://127.0.0.1:1", listen: "127.0.0.1:1" }
signIn: { issuer: "http://127.0.0.1:9", clientId: enchilada }
aws: { homeRegion: eu-west-1, accounts: [{ id: "111122223333" }], regions: [eu-west-1] }
recordings: { directory: recordings }
audit: { directory: audit, checkpoints: checkpoints }
`,
  )
})
afterEach(() => stage.close())

type Ran = { code: number; stdout: string; stderr: string }
const recordings = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const config = join(stage.folder, 'enchilada.yaml')
    const command = ['src/cli/main.ts', 'recordings', ...args, '--config', config]
    execFile(process.execPath, command, { env: { ...process.env, SUDO_USER: 'grace' } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
const records = async () => (await listRecords(audit(), {}, { limit: 100 })).items

test('who plays or exports past the portal is in the trail, before a byte is shown', async () => {
  const played = await recordings('play', id)
  expect(played).toMatchObject({ code: 0, stdout: expect.stringContaining('shown to the person'), stderr: '' })
  expect(await recordings('export', id)).toMatchObject({ code: 0, stderr: '' })
  const user = userInfo().username
  const data = { user, host: hostname(), sudoUser: 'grace' }
  const about = { source: 'claim', actor: `os-user:${user}@${hostname()}`, subject: id, session: id }
  expect(await records()).toMatchObject([
    { ...about, kind: 'recording.exported', seq: 2, data: { ...data, format: 'asciicast' } },
    { ...about, kind: 'recording.played', seq: 1, data },
  ])
})

test('many at once are one chain', async () => {
  const ran = await Promise.all([1, 2, 3, 4].map(() => recordings('export', id)))
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0, 0])
  expect(await verifyTrail({ directory: audit() })).toMatchObject({ ok: true, records: 4 })
  expect(readdirSync(audit())).toHaveLength(1)
})

test('where the trail cannot be written nothing is shown, unless that is asked for by name', async () => {
  rmSync(audit(), { recursive: true })
  writeFileSync(audit(), 'no folder')
  const refused = await recordings('play', id)
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('AUDIT_UNAVAILABLE') })
  const forced = await recordings('play', id, '--off-the-record')
  expect(forced).toMatchObject({ code: 0, stderr: expect.stringContaining('the trail is not told') })
  expect(forced.stdout).toContain('shown to the person')
})

test('an id that nothing was recorded under leaves no record', async () => {
  expect(await recordings('play', '0198c0de-0000-7000-8000-000000000000')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('RECORDING_NOT_FOUND'),
  })
  expect(readdirSync(audit())).toEqual([])
})

test.runIf(process.getuid?.() === 0)("what root leaves there can be read by the portal's user", async () => {
  const NOBODY = 65_534
  chownSync(audit(), NOBODY, NOBODY)
  chmodSync(audit(), 0o700)
  chmodSync(stage.folder, 0o755)
  await recordings('export', id)
  const [writer = ''] = readdirSync(audit())
  const owners = ['', ...readdirSync(join(audit(), writer))].map((name) => statSync(join(audit(), writer, name)).uid)
  expect(owners).toEqual([NOBODY, NOBODY, NOBODY])
})

test.runIf(process.getuid?.() === 0)("what the portal's user plants there gives it nothing of root's", async () => {
  const NOBODY = 65_534
  chownSync(audit(), NOBODY, NOBODY)
  chmodSync(stage.folder, 0o755)
  const own = join(stage.folder, 'of-root')
  writeFileSync(own, 'secret', { mode: 0o600 })
  const writer = `cli-${hostname()}-${userInfo().username}`.replace(/[^A-Za-z0-9-]/g, '-')
  mkdirSync(join(audit(), writer))
  symlinkSync(own, join(audit(), writer, 'lock'))
  expect(await recordings('export', id)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('AUDIT_UNAVAILABLE'),
  })
  rmSync(join(audit(), writer), { recursive: true })
  const place = join(stage.folder, 'folder-of-root')
  mkdirSync(place, { mode: 0o700 })
  symlinkSync(place, join(audit(), writer))
  expect(await recordings('export', id)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('AUDIT_UNAVAILABLE'),
  })
  expect([own, place].map((path) => statSync(path).uid)).toEqual([0, 0])
})
