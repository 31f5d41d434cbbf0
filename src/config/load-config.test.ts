import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isCoded } from '../kernel/errors.ts'
import { findConfig, loadConfig } from './load-config.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const write = (text: string) => {
  const path = join(folder, 'enchilada.yaml')
  writeFileSync(path, text)
  return path
}

const least = `
portal: { url: "https://enchilada.example.com" }
signIn: { issuer: "https://idp.example.com", clientId: enchilada }
aws: { homeRegion: eu-west-1 }
`

const faultsOf = (text: string): string => {
  try {
    loadConfig(write(text))
  } catch (error) {
    return isCoded(error) ? error.message : String(error)
  }
  return ''
}

describe('the configuration', () => {
  test('three lines are enough, the rest has defaults', () => {
    const { config } = loadConfig(write(least))
    expect(config).toMatchObject({
      tenant: 'default',
      discovery: { sweepEvery: 900_000, absenceProof: 60_000 },
      connections: { rules: [{ platform: 'linux', protocol: 'ssh' }] },
      credentials: [{ kind: 'instance-connect' }],
      store: { sqlite: '/var/lib/enchilada/enchilada.db' },
    })
  })

  test('functions need a database that they can reach', () => {
    const lambda = `${least}discovery: { by: lambda }\n`
    expect(faultsOf(lambda)).toContain('discovery.by: functions reach no SQLite file')
    expect(faultsOf(`${lambda}store: { postgres: { env: DATABASE_URL } }\n`)).toBe('')
  })

  test('a Guacamole is followed by a function only where functions discover', () => {
    const target = 'catalogue: { guacamole: { by: lambda, sql: { postgres: { env: GUACAMOLE_DATABASE } } } }\n'
    expect(faultsOf(least + target)).toContain('catalogue.guacamole.by: a function follows what functions discover')
    const functions = 'discovery: { by: lambda }\nstore: { postgres: { env: DATABASE_URL } }\n'
    expect(faultsOf(least + target + functions)).toBe('')
  })

  test('names every fault at once, each with its path and what is allowed', () => {
    const faults = faultsOf(`
portal: { url: "http://enchilada.example.com", listne: "127.0.0.1:1" }
signIn: { issuer: "https://idp.example.com" }
aws: { homeRegion: europe }
discovery: { sweepEvery: 5 minutes }
connections: { rules: [{ protocol: telnet }, { protocol: ssh, credential: nobody }] }
colour: red
`)
    for (const part of [
      'portal.url: http is accepted only for',
      'portal.listne: unknown setting; did you mean listen?',
      'signIn.clientId: missing',
      'aws.homeRegion:',
      'discovery.sweepEvery: "5 minutes" is no duration',
      'connections.rules[0].protocol:',
      'colour: unknown setting',
    ]) {
      expect(faults).toContain(part)
    }
  })

  test.each([
    ['aws: { homeRegion: europe }', 'aws.homeRegion: a region, such as eu-west-1'],
    ['aws: { homeRegion: eu-west-1, regions: [eu-wset] }', 'aws.regions[0]: a region, such as eu-west-1'],
    ['aws: { homeRegion: eu-west-1, accounts: org }', 'aws.accounts: expected "organization" or array'],
    ['aws: { homeRegion: eu-west-1, accounts: [{ id: "12" }] }', 'aws.accounts[0].id: an account: twelve digits'],
    ['portal: { url: ftp://x }', 'portal.url: a URL, such as https://host.example.com'],
    ['portal: { url: "https://x.example", listen: "127.0.0.1:99999" }', 'portal.listen: the highest port is 65535'],
    ['connections: { name: "{tag:Name" }', 'connections.name: a brace is open'],
    ['connections: { name: "{tag.Name}" }', 'connections.name: unknown field tag.Name; there are instanceId,'],
    ['store: { postgres: "postgres://u:p@h/d" }', 'store.postgres: a secret is not written here'],
    [
      'credentials: [{ name: a, kind: token }]',
      "credentials[0].kind: Invalid discriminator value. Expected 'instance-connect'",
    ],
    ['gateway: { idle: -3m }', 'gateway.idle: "-3m" is no duration: write it as'],
  ])('of %s it says what is allowed', (text, fault) => {
    const faults = faultsOf(text).split('\n')
    const where = fault.slice(0, fault.indexOf(':'))
    const about = faults.filter((line) => line.startsWith(`  - ${where}:`))
    expect(about).toEqual([expect.stringContaining(fault)])
  })

  test('a rule may name only a credential that is there', () => {
    expect(faultsOf(`${least}\nconnections: { rules: [{ protocol: ssh, credential: nobody }] }`)).toContain(
      'connections.rules[0].credential: no credential is called "nobody"; there are instance-connect',
    )
  })

  test('a secret has no place in it', () => {
    const text = least.replace('clientId: enchilada', 'clientId: enchilada, clientSecret: hunter2')
    expect(faultsOf(text)).toContain('signIn.clientSecret')
    expect(faultsOf(text)).not.toContain('hunter2')
  })

  test('YAML that is none is told with its place', () => {
    expect(faultsOf('portal: {')).toMatch(/line 1/)
  })

  test('is looked for in the order documented', () => {
    const path = write(least)
    expect(findConfig(path, {})).toBe(path)
    expect(findConfig(undefined, { ENCHILADA_CONFIG: path })).toBe(path)
    expect(() => findConfig(join(folder, 'none.yaml'), {})).toThrow(/looked at .*none\.yaml/)
  })
})
