import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation, writeProfiles } from '../../lab/aws/organisation.ts'
import { type Aws, startAws } from '../../lab/aws/start.ts'

let aws: Aws
let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  aws = await startAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-profiles-'))
  const profiles = writeProfiles(folder, aws.endpoint, await makeOrganisation(aws.endpoint))
  env = { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', ...profiles }
  const group = ['--log-group-name', '/enchilada/trail', '--profile', 'shared', '--region', 'eu-west-1']
  execFileSync('.tools/venv/bin/aws', ['logs', 'create-log-group', ...group], { env })
  mkdirSync(join(folder, 'policies'))
  writeFileSync(
    join(folder, 'enchilada.yaml'),
    [
      'portal: { url: "http://localhost:9", listen: "127.0.0.1:0" }',
      'signIn: { issuer: "http://localhost:9", clientId: enchilada }',
      'aws: { homeRegion: eu-west-1 }',
      'access: { policies: policies }',
      'audit: { directory: audit, checkpoints: checkpoints, cloudWatchLogs: { group: /enchilada/trail } }',
    ].join('\n'),
  )
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})

const listTrail = (profile: string) =>
  spawnSync(resolve('script/enchilada'), ['audit', 'list', '--config', 'enchilada.yaml'], {
    cwd: folder,
    env: { ...env, AWS_PROFILE: profile },
    encoding: 'utf8',
  })

test('the command line from the tree reads the trail with a profile that assumes a role', () => {
  expect(listTrail('shared')).toMatchObject({ status: 0, stderr: '' })
})

test('a profile of another account finds no such group there, and one that is not there has no credentials', () => {
  expect(listTrail('workload-1').stderr).toContain('AUDIT_SINK_MISSING')
  expect(listTrail('nobody').stderr).toMatch(/AUDIT_SINK_\w+/)
})
