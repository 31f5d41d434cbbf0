import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Secret } from '../kernel/secret.ts'
import { withProfile } from './aws-config.ts'
import type { AwsSession } from './session.ts'
import { processCredentials, shellLines, shellOf } from './shell-lines.ts'

const session: AwsSession = {
  v: 1,
  method: 'saml',
  arn: 'arn:aws:sts::111122223333:assumed-role/Engineer/ada',
  account: '111122223333',
  person: 'ada',
  region: 'eu-west-1',
  expiresAt: Date.UTC(2026, 0, 1),
  keys: new Secret({ accessKeyId: 'ASIA', secretAccessKey: `it's $HOME "q" \\`, sessionToken: 'token' }),
}

test('a shell that evaluates the lines has exactly the keys, and no profile', () => {
  const script = `eval "$1"; printf '%s|%s|%s' "$AWS_SECRET_ACCESS_KEY" "$AWS_REGION" "$AWS_PROFILE"`
  const said = execFileSync('bash', ['-c', script, 'bash', shellLines(session, 'bash')], { env: { AWS_PROFILE: 'x' } })
  expect(said.toString()).toBe(`it's $HOME "q" \\|eu-west-1|`)
})

test('a shell keeps no token of an earlier session whose keys are gone', () => {
  const old = { AWS_SESSION_TOKEN: 'old', AWS_SECURITY_TOKEN: 'old', AWS_CREDENTIAL_EXPIRATION: 'old' }
  const lines = shellLines(
    { ...session, expiresAt: undefined, keys: new Secret({ accessKeyId: 'AKIA', secretAccessKey: 'secret' }) },
    'bash',
  )
  const script = `eval "$1"; env`
  const said = execFileSync('bash', ['-c', script, 'bash', lines], { env: { ...old, PATH: process.env['PATH'] } })
  expect(said.toString()).toContain('AWS_ACCESS_KEY_ID=AKIA\n')
  expect(said.toString()).not.toMatch(/TOKEN|EXPIRATION/)
})

test('the forms of other shells', () => {
  expect(shellLines(session, 'powershell')).toContain(`$Env:AWS_SECRET_ACCESS_KEY = 'it''s $HOME "q" \\'`)
  expect(shellLines(session, 'fish')).toContain(`set -gx AWS_SECRET_ACCESS_KEY 'it\\'s $HOME "q" \\\\';`)
  expect(shellLines(session, 'zsh')).toBe(shellLines(session, 'bash'))
  expect([shellOf('linux', { SHELL: '/usr/bin/fish' }), shellOf('win32', {}), shellOf('linux', {})]).toEqual([
    'fish',
    'powershell',
    'bash',
  ])
})

test('credential_process has its first version', () => {
  expect(processCredentials(session)).toMatchObject({ Version: 1, Expiration: '2026-01-01T00:00:00.000Z' })
})

test('only what stands between our marks changes in the configuration of AWS tools', () => {
  const own = '# mine\n[default]\nregion=eu-west-1 ; comment\ns3 =\n  max_concurrent_requests = 20\n'
  const profile = { name: 'a', region: 'eu-west-1', command: ['/opt/my tools/enchilada', 'login', '--session', 'a'] }
  const once = withProfile(own, profile, 'config')
  expect(once.startsWith(own)).toBe(true)
  expect(once).toContain('credential_process = "/opt/my tools/enchilada" login --session a\n')
  const twice = withProfile(`${once}[profile later]\nregion = x\n`, { ...profile, name: 'b' }, 'config')
  expect(twice.startsWith(own)).toBe(true)
  expect(twice.endsWith('[profile later]\nregion = x\n')).toBe(true)
  expect(twice.match(/credential_process/g)).toHaveLength(2)
  expect(withProfile(twice, { ...profile, name: 'b' }, 'config')).toBe(twice)
  expect(() => withProfile(twice, { ...profile, name: 'later' }, 'config')).toThrow('did not write')
})
