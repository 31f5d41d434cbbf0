import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CreateTagsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { CreateAccountCommand, OrganizationsClient, paginateListAccounts } from '@aws-sdk/client-organizations'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACCESS_ROLE, makeOrganisation, type Organisation } from '../../lab/aws/organisation.ts'
import { callQuery, type RawTarget } from '../../lab/aws/raw-call.ts'
import { type Aws, startAws } from '../../lab/aws/start.ts'

// A provider with customers in two regions each, and with environments that share one account and region: 300 places to ask in all.
const CUSTOMERS = 105
const SHARING = 90
const REGIONS = ['eu-west-1', 'us-east-1'] as const
/** The emulator's bucket for each account and region: our share and a little. Ninety calls, sixteen at a time, are more than it has. */
const BUCKET = { action: 'DescribeInstances', rate: 11, burst: 52 }
const ROLE = 'TunnelEngineer'

let aws: Aws
let organisation: Organisation
let customers: string[]
let folder: string
let target: RawTarget
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-many-'))
  aws = await startAws()
  organisation = await makeOrganisation(aws.endpoint)
  const { credentials } = organisation.accounts.management
  target = { endpoint: aws.endpoint, region: REGIONS[1], credentials }
  customers = await makeCustomers()
  await Promise.all(customers.map(letEngineersIn))
  const sharing = { ...target, credentials: organisation.accounts.shared.credentials }
  await Promise.all(Array.from({ length: SHARING }, (_, n) => makeRole(sharing, `${ROLE}-${n}`)))

  const network = (region: string) => ({
    region,
    vpc: 'vpc-00000001',
    subnets: ['subnet-00000001'],
    securityGroup: 'sg-00000001',
  })
  const environments = [
    ...customers.map((account, n) => ({ name: `customer-${n}`, account, role: ROLE, networks: REGIONS.map(network) })),
    ...Array.from({ length: SHARING }, (_, n) => ({
      ...{ name: `sharing-${n}`, account: organisation.accounts.shared.id, role: `${ROLE}-${n}` },
      networks: [network(REGIONS[0])],
    })),
  ]
  writeFileSync(join(folder, 'all.yaml'), environments.map((one) => JSON.stringify(one)).join('\n---\n'))
  env = {
    PATH: process.env['PATH'],
    ...{
      HOME: folder,
      ENCHILADA_ENVIRONMENTS: folder,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
  }
}, 60_000)
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  // It throws with the emulator's own words when that failed inside.
  await aws.stop()
})

async function makeCustomers(): Promise<string[]> {
  const client = new OrganizationsClient(target)
  for (let n = 0; n < CUSTOMERS; n += 1) {
    await client.send(new CreateAccountCommand({ AccountName: `customer-${n}`, Email: `${n}@example.org` }))
  }
  const made: string[] = []
  for await (const { Accounts = [] } of paginateListAccounts({ client }, {})) {
    made.push(...Accounts.filter(({ Name }) => Name?.startsWith('customer-')).map(({ Id = '' }) => Id))
  }
  return made
}

async function administratorOf(account: string): Promise<RawTarget> {
  const RoleArn = `arn:aws:iam::${account}:role/${ACCESS_ROLE}`
  const { Credentials } = await new STSClient(target).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'lab' }))
  const { AccessKeyId = '', SecretAccessKey = '' } = Credentials ?? {}
  return { ...target, credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey } }
}

const letEngineersIn = async (account: string) => makeRole(await administratorOf(account), ROLE)

async function makeRole(as: RawTarget, RoleName: string): Promise<void> {
  const document = (Statement: unknown) => JSON.stringify({ Version: '2012-10-17', Statement: [Statement] })
  const Principal = { AWS: `arn:aws:iam::${organisation.accounts.management.id}:root` }
  const trust = { Effect: 'Allow', Principal, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] }
  const may = { Effect: 'Allow', Action: ['ec2:DescribeInstances', 'ec2:TerminateInstances'], Resource: '*' }
  const role = { Version: '2010-05-08', RoleName }
  await callQuery(as, 'iam', { ...role, Action: 'CreateRole', AssumeRolePolicyDocument: document(trust) })
  await callQuery(as, 'iam', { ...role, Action: 'PutRolePolicy', PolicyName: 'may', PolicyDocument: document(may) })
}

type Told = { servers: { instanceId: string }[]; unasked: { environment: string; region: string; reason: string }[] }

function enchilada<T>(command: string): { status: number | null; told: T } {
  const { status, stdout } = spawnSync(resolve('script/enchilada'), [command, '--json'], { env, encoding: 'utf8' })
  return { status, told: JSON.parse(stdout) }
}

/** Calls of DescribeInstances by account and region, and how many failed. */
async function looks(): Promise<{ places: number; calls: number; failed: number; most: number }> {
  const { calls } = await aws.lab.stats()
  const looked = calls.filter(({ action }) => action === 'DescribeInstances')
  const sum = (field: 'calls' | 'failed') => looked.reduce((total, one) => total + one[field], 0)
  return {
    places: looked.length,
    calls: sum('calls'),
    failed: sum('failed'),
    most: Math.max(...looked.map((one) => one.calls)),
  }
}

test('list asks every place once, and none faster than its rate', async () => {
  await aws.lab.setFaults([BUCKET])
  await aws.lab.resetStats()
  const { status, told } = enchilada<Told>('list')
  expect({ status, ...told }).toEqual({ status: 0, servers: [], unasked: [] })
  expect(await looks()).toEqual({ places: 2 * CUSTOMERS + 1, calls: 2 * CUSTOMERS + SHARING, failed: 0, most: SHARING })
}, 60_000)

test('gc ends what it finds, and names every place that could not be asked, and no other', async () => {
  const [denied = '', throttled = '', left = ''] = customers
  const ec2 = new EC2Client({ ...(await administratorOf(left)), region: REGIONS[0] })
  const { Instances } = await ec2.send(
    new RunInstancesCommand({ ImageId: 'ami-0a1a2023a1a2023a0', InstanceType: 't3.nano', MinCount: 1, MaxCount: 1 }),
  )
  const instanceId = Instances?.[0]?.InstanceId ?? ''
  const Tags = Object.entries({ lease: 'lease-0123456789ab', environment: 'customer-2', until: '1' }).map(
    ([key, Value]) => ({ Key: `enchilada:${key}`, Value }),
  )
  await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags }))
  const action = 'DescribeInstances'
  await aws.lab.setFaults([
    { action, account: denied, code: 'UnauthorizedOperation', status: 403 },
    { action, account: throttled, region: REGIONS[0], code: 'RequestLimitExceeded', status: 503 },
    BUCKET,
  ])
  await aws.lab.resetStats()
  const { status, told } = enchilada<{ ended: { instanceId: string }[]; failed: { what: string; reason: string }[] }>(
    'gc',
  )
  expect(status).toBe(1)
  expect(told.ended.map((one) => one.instanceId)).toEqual([instanceId])
  expect(told.failed.map(({ what }) => what).sort()).toEqual([
    'customer-0 eu-west-1',
    'customer-0 us-east-1',
    'customer-1 eu-west-1',
  ])
  // A denial is not asked again; who is throttled is asked four times.
  expect(await looks()).toMatchObject({ calls: 2 * CUSTOMERS + SHARING + 3, failed: 2 + 4 })
}, 60_000)
