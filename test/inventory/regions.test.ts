import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from '../../lab/aws/organisation.ts'
import { callQuery } from '../../lab/aws/raw-call.ts'
import { createAws } from '../../src/aws/aws.ts'
import { awsSettings } from '../../src/aws/settings.ts'
import { createDirectory } from '../../src/inventory/directory.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { silentLog as log } from '../../src/kernel/log.ts'
import { type LabAws, startLabAws } from '../fixtures/lab-aws.ts'

const REGION = 'eu-west-1'

let lab: LabAws
let organisation: Organisation
beforeAll(async () => {
  lab = await startLabAws()
  organisation = await makeOrganisation(lab.endpoint)
  await Promise.all((['workload-1', 'workload-2'] as const).map(letIn))
})
beforeEach(() => lab.lab.setFaults([]))
afterAll(() => lab.stop())

const idOf = (name: 'workload-1' | 'workload-2') => organisation.accounts[name].id

async function letIn(name: 'workload-1' | 'workload-2'): Promise<void> {
  const { management, [name]: account } = organisation.accounts
  const target = { endpoint: lab.endpoint, region: REGION, credentials: account.credentials }
  const policy = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement: [Statement] })
  const role = { Version: '2010-05-08', RoleName: 'EnchiladaRead' }
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${management.id}:root` } }
  const trusted = policy({ ...trust, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] })
  await callQuery(target, 'iam', { ...role, Action: 'CreateRole', AssumeRolePolicyDocument: trusted })
  const mayRead = policy({ Effect: 'Allow', Action: 'ec2:DescribeRegions', Resource: '*' })
  await callQuery(target, 'iam', { ...role, Action: 'PutRolePolicy', PolicyName: 'read', PolicyDocument: mayRead })
}

async function directoryOf(regions: 'enabled' | string[]) {
  const accounts = [{ id: idOf('workload-1') }, { id: idOf('workload-2') }]
  const settings = awsSettings.parse({ homeRegion: REGION, regions, accounts })
  const directory = createDirectory({ aws: createAws({ settings, clock }), tenant: 'acme', clock, log })
  await directory.refresh()
  return directory
}

test('accounts that say they have the same regions stand together, and one that switched some off stands apart', async () => {
  const off = { action: 'DescribeRegions', account: idOf('workload-2'), switched_off: ['sa-east-1'] }
  await lab.lab.setFaults([off])
  const directory = await directoryOf('enabled')
  const scopes = await directory.scopes()
  const listing = directory.regionListing()
  expect(listing?.by).toBe('aws')
  expect(listing?.sets.map(({ accounts }) => accounts)).toEqual([[idOf('workload-1')], [idOf('workload-2')]])
  const [all, fewer] = listing?.sets ?? []
  expect(all?.regions).toContain('sa-east-1')
  expect(fewer?.regions).toEqual(all?.regions.filter((region) => region !== 'sa-east-1'))
  expect(scopes.filter(({ region }) => region === 'sa-east-1').map(({ account }) => account)).toEqual([
    idOf('workload-1'),
  ])
})

test.each([
  ['is refused', { code: 'UnauthorizedOperation', status: 403 }],
  ['is throttled', { code: 'RequestLimitExceeded', status: 503 }],
  ['gets a list that lacks the region that gave it', { switched_off: [REGION] }],
])(
  'of an account that %s nothing is said, and its regions known before are swept',
  async (_why, fault) => {
    const directory = await directoryOf('enabled')
    const before = await directory.scopes()
    await lab.lab.setFaults([{ action: 'DescribeRegions', account: idOf('workload-2'), ...fault }])
    expect(await directory.scopes()).toEqual(before)
    expect(directory.regionListing()?.sets.map(({ accounts }) => accounts)).toEqual([[idOf('workload-1')]])
  },
  30_000,
)

test('what the configuration names is the list of all accounts, and events from elsewhere are nobody’s', async () => {
  const directory = await directoryOf([REGION])
  await directory.scopes()
  const sets = [{ regions: [REGION], accounts: [idOf('workload-1'), idOf('workload-2')] }]
  expect(directory.regionListing()).toMatchObject({ by: 'configuration', sets })
  expect(directory.scopeOf(idOf('workload-1'), REGION)).toBeDefined()
  expect(directory.scopeOf(idOf('workload-1'), 'us-east-1')).toBeUndefined()
})
