import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeOrganisation, writeProfiles } from '../../lab/aws/organisation.ts'
import { type Aws, startAws } from '../../lab/aws/start.ts'
import { keepSession, passphrase } from './kept.ts'
import { enchilada } from './product.ts'

/** A laptop whose AWS tools have profiles: `management` of keys without a token, `shared` of a role. */
let aws: Aws
let folder: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  aws = await startAws()
  folder = mkdtempSync(join(tmpdir(), 'enchilada-at-hand-'))
  const profiles = writeProfiles(folder, aws.endpoint, await makeOrganisation(aws.endpoint))
  env = {
    ...{ PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' },
    ...{ ENCHILADA_PASSPHRASE: passphrase, ...profiles },
  }
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await aws.stop()
})

const config = () => readFileSync(join(folder, 'config'), 'utf8')

describe('a profile that would find no session, or another one, is not written', () => {
  test.each([
    ['of a profile', ['--profile', 'management']],
    ['of a profile, to a name of its own', ['--profile', 'management', '--session', 'own']],
    ['at hand', ['--method', 'chain']],
    ['of a store that keeps nothing', ['--store', 'none']],
  ])('for a session %s', async (_, options) => {
    const before = config()
    const given = { ...env, AWS_PROFILE: 'management' }
    const done = await enchilada(given, ['--json', 'login', ...options, '--write-profile', 'work'])
    expect(done).toMatchObject({ code: 64, error: 'LOGIN_PROFILE_UNKEPT', stdout: '' })
    expect(config()).toBe(before)
  })

  test('before anybody has to sign in for it', async () => {
    const stdin = ['--method', 'stdin', '--store', 'none', '--write-profile', 'work']
    expect((await enchilada(env, ['--json', 'login', ...stdin], 'no response')).error).toBe('LOGIN_PROFILE_UNKEPT')
  })
})

test('what is told to be run uses the very session that was told of', async () => {
  const named = await enchilada(env, ['login', '--profile', 'shared'])
  expect(named.stdout).toContain('Use it: enchilada exec --profile shared -- aws sts get-caller-identity\n')
  const environment = await enchilada({ ...env, AWS_PROFILE: 'management' }, ['login', '--method', 'chain'])
  expect(environment.stdout).toContain('Use it: aws sts get-caller-identity\n')
})

test('a session that is kept under a name of its own is used by it, and a profile is written for it', async () => {
  await keepSession(folder, 'own')
  const done = await enchilada(env, ['login', '--session', 'own', '--write-profile', 'work'])
  expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('enchilada exec --session own -- aws') })
  expect(config()).toMatch(/^\[profile work\]\ncredential_process = .* --credential-process --session own$/m)
})

test('keys without a token do not meet the token of the session before them', async () => {
  const old = { AWS_SESSION_TOKEN: 'old', AWS_SECURITY_TOKEN: 'old', AWS_CREDENTIAL_EXPIRATION: '2000-01-01T00:00:00Z' }
  const shell = { ...env, ...old, AWS_ACCESS_KEY_ID: 'ASIAOLD', AWS_SECRET_ACCESS_KEY: 'old' }
  const printed = await enchilada(shell, ['exec', '--profile', 'management', '--', 'env'])
  expect(printed.stdout).toContain('AWS_ACCESS_KEY_ID=AKIALABMANAGEMENT000\n')
  expect(printed.stdout).not.toMatch(/TOKEN|EXPIRATION/)
  const { stdout } = await enchilada(shell, ['login', '--profile', 'management', '--export', 'bash'])
  for (const name of Object.keys(old)) expect(stdout).toContain(`unset ${name}\n`)
})
