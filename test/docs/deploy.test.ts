import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load-config.ts'
import { type Synthesised, synthesise, tunnelSettings } from '../fixtures/stacks.ts'

const pages = ['deploy/README.md', 'docs/install/one-ec2-instance.md']
const stackNames = ['EnchiladaEvidence', 'EnchiladaShared', 'EnchiladaDirectory', 'EnchiladaWorkload']
/** Named by their environment, which the pages call otherwise. */
const byEnvironment = ['EnchiladaManagementVpc-customer-a', 'EnchiladaPeer-customer-a-vpc-02']

let stacks: Synthesised
beforeAll(() => {
  stacks = synthesise(tunnelSettings)
})

describe('what the pages say of the stacks', () => {
  test.each(pages)('%s names only stacks, outputs and roles that there are', (page) => {
    const stacksOfAll = [...stackNames, ...byEnvironment]
    const outputs = stacksOfAll.flatMap((name) => Object.keys(stacks.template(name).toJSON()['Outputs'] ?? {}))
    const roles = stacksOfAll.flatMap((name) =>
      stacks.properties(name, 'AWS::IAM::Role').map((role) => role['RoleName']),
    )
    const withPrefix = [...roles, ...byEnvironment].map((name) => /^\w+-/.exec(String(name))?.[0])
    const known = new Set([
      ...outputs,
      ...roles,
      ...withPrefix,
      ...stackNames,
      'EnchiladaObserver',
      'EnchiladaWorkload-',
    ])
    const text = readFileSync(page, 'utf8')
    const named = [...text.matchAll(/\bEnchilada[A-Z]\w*-?|`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g)].map(
      ([all, name]) => name ?? all,
    )
    const cfn = ['OrganizationAccountAccessRole', 'BootstraplessSynthesizer']
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !known.has(name) && !cfn.includes(name))).toEqual([])
  })

  test('the configuration of the installation finds the roles and the queue by the names that the stacks give', () => {
    const { config } = loadConfig('docs/install/enchilada.yaml')
    const roles = (stack: string) => stacks.properties(stack, 'AWS::IAM::Role').map((role) => role['RoleName'])
    expect(roles('EnchiladaWorkload')).toEqual(expect.arrayContaining([config.aws.readRole, config.aws.connectRole]))
    expect(roles('EnchiladaDirectory')).toEqual([config.aws.organizationRole?.split('/').at(-1)])
    const queues = stacks.properties('EnchiladaShared', 'AWS::SQS::Queue').map((queue) => queue['QueueName'])
    expect(queues).toContain(config.aws.eventQueue?.split('/').at(-1))
  })
})
