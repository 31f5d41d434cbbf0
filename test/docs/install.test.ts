import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { loadPolicies } from '../../src/config/load-policies.ts'

const unit = readFileSync('docs/install/enchilada.service', 'utf8')
const blocks = (page: string, language: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  )

describe('what the installation page gives to copy', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'enchilada-install-'))
    cpSync('docs/install/enchilada.yaml', join(folder, 'enchilada.yaml'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each(['docs/install/one-ec2-instance.md', 'docs/access.md'])(
    'the configuration is valid with the policies of %s',
    async (page) => {
      const policies = join(folder, 'policies')
      rmSync(policies, { recursive: true, force: true })
      mkdirSync(policies)
      const found = blocks(page, 'cedar')
      expect(found).not.toEqual([])
      for (const [n, text] of found.entries()) writeFileSync(join(policies, `${n}.cedar`), text)
      const loaded = loadConfig(join(folder, 'enchilada.yaml'))
      expect(loadPolicies(loaded).hash).toMatch(/\w/)
    },
  )

  test('the unit gives the secret where the configuration looks for it, and state where its defaults lie', () => {
    const { config } = loadConfig(join(folder, 'enchilada.yaml'))
    const [, credential] = /^LoadCredential=([\w-]+):/m.exec(unit) ?? []
    expect(config.signIn.clientSecret).toEqual({ file: `/run/credentials/enchilada.service/${credential}` })
    const [, state] = /^StateDirectory=(\S+)/m.exec(unit) ?? []
    for (const place of [config.audit.directory, config.recordings.directory, config.audit.signingKey]) {
      expect(String(place).startsWith(`/var/lib/${state}/`)).toBe(true)
    }
  })

  test.skipIf(spawnSync('systemd-analyze', ['--version']).error)('systemd finds nothing wrong with the units', () => {
    const units = ['docs/install/enchilada.service', 'docs/install/enchilada-ship.service']
    const found = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
    // The machine of the test may have Node elsewhere.
    const faults = found.stderr.split('\n').filter((line) => line !== '' && !line.includes('/usr/bin/node'))
    expect(faults).toEqual([])
  })
})
