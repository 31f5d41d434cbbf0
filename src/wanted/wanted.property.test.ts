import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instance } from '../model/instance.ts'
import type { Scope } from '../model/scope.ts'
import { safePathPart, safeText } from './safe-text.ts'
import { connectionSettings } from './settings.ts'
import { wantedConnections } from './wanted-connections.ts'

const scope: Scope = { tenant: 'acme', partition: 'aws', account: '111122223333', region: 'eu-west-1' }

const instance = (more: Partial<Instance> = {}): Instance => ({
  id: 'i-0123456789abcdef0',
  state: 'running',
  platform: 'linux',
  imageId: 'ami-1',
  instanceType: 't3.nano',
  availabilityZone: 'eu-west-1a',
  launchedAt: 0,
  privateIp: '10.1.0.5',
  tags: {},
  ...more,
})

const settings = (more: Record<string, unknown> = {}) => connectionSettings.parse(more)
const want = (instances: Instance[], more: Record<string, unknown> = {}) =>
  wantedConnections({ scope, accountName: 'Web', instances }, settings(more))

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4096 }),
  fc.constantFrom(
    `\${GUAC_USERNAME}`,
    '\u202etxt.exe',
    'a\nb',
    '\u0000',
    '🌮'.repeat(300),
    'x'.repeat(4096),
    ' ',
    '../..',
    '__proto__',
    '{account}',
  ),
)

describe('a name from a tag', () => {
  test('is one visible line of at most 128 characters, whatever the tag', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const [connection] = want([instance({ tags: { Name: text } })])
        expect(connection?.name).not.toBe('')
        expect([...(connection?.name ?? '')].length).toBeLessThanOrEqual(128)
        expect(connection?.name).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      }),
    )
  })

  test('stays what it is when it is already safe', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(safeText(safeText(text))).toBe(safeText(text))
      }),
    )
  })

  test('a value is never read as a template', () => {
    expect(want([instance({ tags: { Name: '{account}' } })])[0]?.name).toBe('{account}')
  })

  test('empty falls back to the instance id', () => {
    expect(want([instance({ tags: { Name: '\u200b' } })])[0]?.name).toBe('i-0123456789abcdef0')
  })
})

describe('a group path', () => {
  test('a tag opens no level of its own', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(safePathPart(text)).not.toContain('/')
      }),
    )
    const [connection] = want([instance({ tags: { env: 'dev/../Prod' } })], { group: ['{tag:env}', '{region}'] })
    expect(connection?.group).toEqual(['dev-..-Prod', 'eu-west-1'])
  })

  test('empty parts are left out', () => {
    expect(want([instance()], { group: ['{tag:none}', '{accountName}'] })[0]?.group).toEqual(['Web'])
  })
})

describe('names in a scope', () => {
  test('are unique in their group, and do not depend on the order', () => {
    const named = fc.array(fc.constantFrom('web', 'web ', 'db', ''), { maxLength: 8 })
    fc.assert(
      fc.property(named, (names) => {
        const instances = names.map((Name, n) => instance({ id: `i-0000000000000000${n}`, tags: { Name } }))
        const forward = want(instances)
        const backward = want([...instances].reverse())
        expect(new Set(forward.map((one) => JSON.stringify([one.group, one.name]))).size).toBe(forward.length)
        expect(new Map(backward.map((one) => [one.id, one.name]))).toEqual(
          new Map(forward.map((one) => [one.id, one.name])),
        )
      }),
    )
  })
})

describe('rules', () => {
  test('protocol by platform and tags, each rule that fits', () => {
    const rules = [
      { platform: 'windows', protocol: 'rdp' },
      { platform: 'linux', protocol: 'ssh', userName: 'ec2-user' },
      { tags: { desktop: '*' }, protocol: 'vnc', port: 5901 },
    ]
    const protocols = (more: Partial<Instance>) =>
      want([instance(more)], { rules }).map((one) => [one.protocol, one.port])
    expect(protocols({})).toEqual([['ssh', 22]])
    expect(protocols({ platform: 'windows' })).toEqual([['rdp', 3389]])
    expect(protocols({ tags: { desktop: 'yes' } })).toEqual([
      ['ssh', 22],
      ['vnc', 5901],
    ])
  })

  test('a tag may set port and user, and nothing worse', () => {
    const tags = {
      'enchilada:port': '2222',
      'enchilada:user': 'deploy',
      'enchilada:host': '10.9.9.9',
      'enchilada:credential': 'root',
    }
    const [connection] = want([instance({ tags })])
    expect(connection).toMatchObject({ port: 2222, userName: 'deploy', instance: { privateIp: '10.1.0.5' } })
    expect(connection?.credential).toBeUndefined()
    const bad = want([instance({ tags: { 'enchilada:port': '0x16', 'enchilada:user': '-oProxyCommand=x' } })])[0]
    expect(bad).toMatchObject({ port: 22 })
    expect(bad?.userName).toBeUndefined()
  })

  test('opt-out beats everything, opt-in is needed where set', () => {
    expect(want([instance({ tags: { 'enchilada:access': 'none' } })])).toEqual([])
    expect(want([instance()], { optIn: { bastion: 'yes' } })).toEqual([])
    expect(want([instance({ tags: { bastion: 'yes' } })], { optIn: { bastion: 'yes' } })).toHaveLength(1)
  })

  test('the ended have none, the stopped keep theirs', () => {
    expect(want([instance({ state: 'terminated' })])).toEqual([])
    expect(want([instance({ state: 'stopped' })])).toHaveLength(1)
  })

  test('a template with an unknown field is refused with the fields there are', () => {
    expect(() => settings({ name: '{tga:Name}' })).toThrow(/tga:Name.*instanceId/)
  })
})
