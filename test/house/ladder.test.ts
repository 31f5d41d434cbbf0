import { describe, expect, test } from 'vitest'
import { breachesOf, type Import, importsOf, listSources, readSource, rules, rungs } from './ladder.ts'

const root = process.cwd()
const folders = ['src', 'web', 'deploy', 'lab', 'bench', 'test']

describe('the import ladder', async () => {
  const files = listSources(root, folders)
  const imports = (await Promise.all(files.map((file) => importsOf(file, readSource(root, file))))).flat()

  test('every folder of src stands on a rung', () => {
    const unknown = files.filter((file) => file.startsWith('src/') && rungs[file.split('/')[1] ?? ''] === undefined)
    expect(unknown).toEqual([])
  })

  test('no file breaks a ban', () => {
    expect(breachesOf(imports)).toEqual([])
  })

  test('the lexer sees imports at all', () => {
    expect(imports.length).toBeGreaterThan(files.length)
    expect(imports.filter(({ takes }) => !/^(import|export)\b/.test(takes))).toEqual([])
  })
})

describe('each ban bites', () => {
  const one = (file: string, specifier: string, more: Partial<Import> = {}): Import => ({
    file,
    specifier,
    takes: '',
    typeOnly: false,
    reExportsAll: false,
    ...more,
  })
  const offences: Import[] = [
    one('src/audit/x.ts', '../gateway/open.ts'),
    one('src/gateway/x.ts', '../../lab/world/start.ts'),
    one('src/gateway/x.ts', '../../test/fixtures/fake-clock.ts'),
    one('lab/world/x.ts', '../../src/kernel/clock.ts'),
    one('web/src/x.tsx', '../../src/portal/contract/common.ts'),
    one('deploy/x.ts', '../src/config/load-config.ts'),
    one('src/audit/x.ts', '@aws-sdk/client-sqs', { takes: "import { SQSClient } from '@aws-sdk/client-sqs'" }),
    one('src/policy/x.ts', 'node:fs'),
    one('src/audit/x.ts', './y.ts', { reExportsAll: true }),
  ]

  test.each(rules.map((rule, at) => [rule.why, at] as const))('%s', (why, at) => {
    const offence = offences[at]
    expect(offence && breachesOf([offence]).map((breach) => breach.why)).toContain(why)
  })

  test('siblings on a rung are strangers, the own folder is not', () => {
    expect(breachesOf([one('src/audit/x.ts', '../recording/y.ts')])).toHaveLength(1)
    expect(breachesOf([one('src/audit/x.ts', './y.ts')])).toEqual([])
    expect(breachesOf([one('web/src/x.tsx', '../../src/portal/contract/common.ts', { typeOnly: true })])).toEqual([])
  })
})
