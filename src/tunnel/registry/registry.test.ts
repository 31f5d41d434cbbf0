import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRegistry } from './registry.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-registry-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const none = async () => []
const yaml = (name: string, more = '') => `name: ${name}
account: '111122223333'
networks:
  - region: eu-west-1
    vpc: vpc-0123456789abcdef0
    subnets: [subnet-0123456789abcdef0]
    securityGroup: sg-0123456789abcdef0
${more}`

test('a folder of files, several environments to a file, sorted by name', async () => {
  writeFileSync(join(folder, 'b.yaml'), `${yaml('zeta')}---\n${yaml('alpha')}---\n# nothing more\n`)
  writeFileSync(join(folder, 'a.yml'), yaml('mid', 'role: Engineer\n'))
  writeFileSync(join(folder, 'notes.txt'), 'not: an environment')
  const registry = openRegistry(folder, none)
  expect((await registry.all()).map(({ name }) => name)).toEqual(['alpha', 'mid', 'zeta'])
  expect(await registry.named('mid')).toMatchObject({ role: 'Engineer', tenant: 'default' })
  await expect(registry.named('other')).rejects.toMatchObject({ code: 'TUNNEL_ENVIRONMENT_UNKNOWN' })
})

test('every fault of every document is named with its line', async () => {
  writeFileSync(join(folder, 'a.yaml'), yaml('one', 'colour: red\nlimits:\n  ttl: 8 hours\n'))
  writeFileSync(join(folder, 'b.yaml'), yaml('two').replace("'111122223333'", "'1'"))
  writeFileSync(join(folder, 'c.yaml'), `${yaml('same')}---\n${yaml('same')}`)
  writeFileSync(join(folder, 'd.yaml'), 'name: [\n')
  const { faults, environments } = await openRegistry(folder, none).read()
  expect(faults.map(({ source, line, path }) => `${source.slice(-6)}:${line} ${path}`)).toEqual([
    'a.yaml:10 limits.ttl',
    'a.yaml:1 ',
    'b.yaml:2 account',
    'c.yaml:9 name',
    'd.yaml:2 ',
  ])
  expect(environments).toHaveLength(2)
  await expect(openRegistry(folder, none).all()).rejects.toMatchObject({ code: 'ENVIRONMENTS_INVALID' })
})

test('parameters below a path are the same to a whole team', async () => {
  const asked: string[] = []
  const registry = openRegistry('ssm:/enchilada/environments', async (path) => {
    asked.push(path)
    return ['b', 'a'].map((name) => ({ name: `${path}/${name}`, value: yaml(name) }))
  })
  expect((await registry.all()).map(({ name }) => name)).toEqual(['a', 'b'])
  expect(asked).toEqual(['/enchilada/environments'])
})

test('a folder that is not there is empty; a place that cannot be read is a failure', async () => {
  expect(await openRegistry(join(folder, 'later'), none).all()).toEqual([])
  const denied = async () => {
    throw new Error('AccessDenied')
  }
  await expect(openRegistry('ssm:/x', denied).all()).rejects.toMatchObject({ code: 'ENVIRONMENTS_UNREADABLE' })
})

test('three hundred environments are no more trouble than one', async () => {
  const many = Array.from({ length: 300 }, (_, at) => ({ name: `/e/${at}`, value: yaml(`customer-${at}`) }))
  expect(await openRegistry('ssm:/e', async () => many).all()).toHaveLength(300)
})
