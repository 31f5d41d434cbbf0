import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { describe, expect, test } from 'vitest'
import {
  functionsSettings,
  guacamoleSettings,
  management,
  plainSettings,
  synthesise,
  tunnelSettings,
  workload,
} from '../test/fixtures/stacks.ts'
import { deploySettings, readDeploySettings } from './settings.ts'
import { addChecks, newApp } from './stacks.ts'

const workloads = { accounts: [management, workload] }

describe('the stacks', () => {
  test.each([
    ['serve', plainSettings],
    ['functions', functionsSettings],
    ['functions and a Guacamole', guacamoleSettings],
    ['tunnels', tunnelSettings],
  ])(
    'with %s: no finding of cdk-nag, of CloudFormation or of cfn-lint',
    (_, settings) => {
      const stacks = synthesise(settings, { checks: true })
      expect(stacks.findings()).toEqual([])
      const templates = readdirSync(stacks.folder)
        .filter((name) => name.endsWith('.template.json'))
        .map((name) => join(stacks.folder, name))
      expect(templates.length).toBeGreaterThanOrEqual(4)
      // W3005: the library writes down dependencies that a reference implies already.
      execFileSync('.tools/venv/bin/cfn-lint', [
        '--regions',
        'eu-west-1',
        '--ignore-checks',
        'W3005',
        '--',
        ...templates,
      ])
    },
    120_000,
  )

  test('would have failed on a finding', () => {
    process.env['CDK_VALIDATION'] = 'true'
    const app = newApp()
    addChecks(app)
    new Bucket(new Stack(app, 'Open'), 'Bucket')
    expect(() => app.synth()).toThrow(/validation/i)
  })

  test('need no toolkit where they carry no files, and reach an account by a role it has', () => {
    const stacks = synthesise({ ...plainSettings, workloads })
    const { artifacts } = JSON.parse(readFileSync(join(stacks.folder, 'manifest.json'), 'utf8'))
    const names = Object.keys(artifacts).filter((name) => artifacts[name].type === 'aws:cloudformation:stack')
    expect(names).toHaveLength(4 + workloads.accounts.length * plainSettings.regions.length)
    expect(JSON.stringify(names.map((name) => artifacts[name].properties))).not.toMatch(/cdk-hnb659fds|bootstrap/)
    const reach = (name: string) => artifacts[`EnchiladaWorkload-${name}`].properties
    expect(reach(`${workload}-us-east-1`)).toMatchObject({
      stackName: 'EnchiladaWorkload',
      assumeRoleArn: `arn:\${AWS::Partition}:iam::${workload}:role/OrganizationAccountAccessRole`,
    })
    // Organizations makes no such role in the account that it is managed from.
    expect(reach(`${management}-us-east-1`).assumeRoleArn).toBeUndefined()
  })
})

describe('settings', () => {
  const faultsOf = (given: unknown) =>
    deploySettings
      .safeParse(given)
      .error?.issues.map((issue) => issue.path.join('.'))
      .sort()

  test('every fault is named at once', () => {
    const faulty = {
      organization: 'acme',
      sharedAccount: 210987654321,
      homeRegion: 'eu-west-1',
      regions: ['Ireland'],
      discovery: 'magic',
      evidence: { trailDays: 100 },
      surplus: true,
    }
    expect(faultsOf(faulty)).toEqual(
      ['', 'discovery', 'evidence.trailDays', 'organization', 'regions.0', 'sharedAccount'].sort(),
    )
  })

  test('functions need a database and what the observer takes; every region list holds the home region', () => {
    expect(faultsOf({ ...plainSettings, regions: ['us-east-1'] })).toEqual(['regions'])
    expect(faultsOf({ ...plainSettings, discovery: 'lambda' })).toEqual(['database'])
    const accounts = { aws: { accounts: [{ id: '1' }] } }
    expect(faultsOf({ ...functionsSettings, ...accounts })?.every((path) => path.startsWith('aws.accounts'))).toBe(true)
  })

  test('a Guacamole is what enchilada.yaml takes, with the ARN of each secret, where functions discover', () => {
    const { guacamole } = guacamoleSettings
    expect(faultsOf(guacamoleSettings)).toBeUndefined()
    expect(faultsOf({ ...plainSettings, guacamole })).toEqual(['guacamole'])
    const sql = { postgres: { file: '/run/url' } }
    expect(faultsOf({ ...guacamoleSettings, guacamole: { target: { sql }, secrets: {} } })).toEqual([
      'guacamole.target.sql.postgres',
    ])
    const { GUACAMOLE_PASSWORD, ...secrets } = guacamole.secrets
    expect(faultsOf({ ...guacamoleSettings, guacamole: { ...guacamole, secrets } })).toEqual([
      'guacamole.target.rest.password',
    ])
    const parameters = { ssh: { 'color-scheme': 'x'.repeat(3_000) } }
    const long = { ...guacamole, target: { ...guacamole.target, parameters } }
    expect(faultsOf({ ...guacamoleSettings, guacamole: long })).toEqual(['guacamole'])
    const faulty = { ...guacamole.target, rest: { url: 'http://guacamole.example' }, groop: 'Ours' }
    expect(faultsOf({ ...guacamoleSettings, guacamole: { ...guacamole, target: faulty } })).toEqual(
      ['', '.rest.password', '.rest.url', '.rest.userName'].map((path) => `guacamole.target${path}`),
    )
  })

  test('the example is valid; a file that is not there says what to do', () => {
    expect(readDeploySettings('deploy/settings.example.yaml').regions).toContain('eu-west-1')
    expect(() => readDeploySettings('/nowhere/settings.yaml')).toThrow('copy settings.example.yaml')
  })
})
