import { CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs'
import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation, type Organisation } from '../../lab/aws/organisation.ts'
import { callQuery } from '../../lab/aws/raw-call.ts'
import { cloudWatchGroup } from '../../src/audit/cloudwatch-group.ts'
import { listLogRecords } from '../../src/audit/list-log-records.ts'
import { logRecords } from '../../src/audit/log-records.ts'
import { verifyRecords } from '../../src/audit/verify-trail.ts'
import { createLogsClient } from '../../src/aws/logs-client.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { formatScope, type Scope } from '../../src/model/scope.ts'
import { publishRules } from '../../src/reconcile/rules.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { Store } from '../../src/store/store.ts'
import { connectionSettings } from '../../src/wanted/settings.ts'
import { type LabAws, startLabAws } from '../fixtures/lab-aws.ts'
import { startPostgres, type TestPostgres } from '../fixtures/postgres.ts'
import { batchOf, take } from './batches.ts'

// Both functions as they are, in this process, with the emulator and a real database: what one sends the other is given.
const REGION = 'eu-west-1'
const GROUP = '/enchilada/trail'
const invocation = { getRemainingTimeInMillis: () => 30_000.25 }

let lab: LabAws
let postgres: TestPostgres
let store: Store
let organisation: Organisation
let sqs: SQSClient
let ec2: EC2Client
let queues: { events: string; sweep: string; observations: string }
let observer: typeof import('../../src/lambda/observer.ts')
let writer: typeof import('../../src/lambda/writer.ts')

beforeAll(async () => {
  ;[lab, postgres] = await Promise.all([startLabAws(), startPostgres()])
  organisation = await makeOrganisation(lab.endpoint)
  store = await openPostgres(new Secret(postgres.url), silentLog)
  const common = { endpoint: lab.endpoint, region: REGION, credentials: organisation.accounts.management.credentials }
  sqs = new SQSClient({ ...common, useQueueUrlAsEndpoint: false })
  ec2 = new EC2Client({ ...common, credentials: organisation.accounts['workload-1'].credentials })
  const make = async (QueueName: string) => (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? ''
  queues = { events: await make('events'), sweep: await make('sweep'), observations: await make('observations') }
  await letIn(organisation)
  await createLogsClient(REGION).send(new CreateLogGroupCommand({ logGroupName: GROUP }))
  const rules = {
    connections: connectionSettings.parse({}),
    absenceProof: 60_000,
    accountGrace: 1,
    mentions: { tags: [], persons: [] },
  }
  await publishRules(store.db, rules)
  Object.assign(process.env, {
    ENCHILADA_AWS: JSON.stringify({
      homeRegion: REGION,
      regions: [REGION, 'us-east-1'],
      accounts: [{ id: organisation.accounts['workload-1'].id, name: 'workload-1' }],
      eventQueue: queues.events,
    }),
    ENCHILADA_TENANT: 'acme',
    OBSERVATIONS_QUEUE_URL: queues.observations,
    SWEEP_QUEUE_URL: queues.sweep,
    OBSERVERS: '15',
    EVENTS_QUEUE_URL: queues.events,
    DATABASE_SECRET_ARN: await keepSecret(new SecretsManagerClient(common)),
    DATABASE_TLS: 'disable',
    TRAIL_GROUP: GROUP,
    LOG_LEVEL: 'error',
  })
  observer = await import('../../src/lambda/observer.ts')
  writer = await import('../../src/lambda/writer.ts')
}, 60_000)
afterAll(async () => {
  await store.close()
  await postgres.stop()
  await lab.stop()
})

async function letIn({ accounts }: Organisation): Promise<void> {
  const { credentials } = accounts['workload-1']
  const target = { endpoint: lab.endpoint, region: REGION, credentials }
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${accounts.management.id}:root` } }
  const read = { Effect: 'Allow', Action: ['ec2:DescribeInstances', 'ec2:DescribeRegions'], Resource: '*' }
  const policy = (Statement: unknown) => JSON.stringify({ Version: '2012-10-17', Statement: [Statement] })
  const role = { Version: '2010-05-08', RoleName: 'EnchiladaRead' }
  await callQuery(target, 'iam', {
    ...role,
    Action: 'CreateRole',
    AssumeRolePolicyDocument: policy({ ...trust, Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] }),
  })
  await callQuery(target, 'iam', {
    ...role,
    Action: 'PutRolePolicy',
    PolicyName: 'read',
    PolicyDocument: policy(read),
  })
}

async function keepSecret(client: SecretsManagerClient): Promise<string> {
  const { hostname: host, port, username, pathname } = new URL(postgres.url)
  const SecretString = JSON.stringify({
    host,
    port: Number(port),
    username,
    password: 'any',
    dbname: pathname.slice(1),
  })
  const { ARN } = await client.send(new CreateSecretCommand({ Name: 'database', SecretString }))
  return ARN ?? ''
}

const stateChange = (instance: string, account = organisation.accounts['workload-1'].id) =>
  JSON.stringify({
    source: 'aws.ec2',
    'detail-type': 'EC2 Instance State-change Notification',
    account,
    region: REGION,
    detail: { 'instance-id': instance, state: 'running' },
  })

const launch = async () => {
  const one = { ImageId: 'ami-0a1a2023a1a2023a0', InstanceType: 't3.nano', MinCount: 1, MaxCount: 1 } as const
  const { Instances } = await ec2.send(new RunInstancesCommand(one))
  return Instances?.[0]?.InstanceId ?? ''
}
const held = async () =>
  (await store.db.selectFrom('connections').select('instance_id').execute()).map((row) => row.instance_id)
const carryOver = async () =>
  writer.handler(batchOf(queues.observations, await take(sqs, queues.observations)), invocation)
const nothing = { batchItemFailures: [] }

test('an event becomes a connection, and its record a link in the chain of the function', async () => {
  const id = await launch()
  const events = [{ id: 'a', body: stateChange(id) }]
  expect(await observer.handler(batchOf(queues.events, events), invocation)).toEqual(nothing)
  expect(await carryOver()).toEqual(nothing)
  expect(await held()).toEqual([id])
  expect(await store.db.selectFrom('trail_outbox').selectAll().execute()).toEqual([])
  const group = cloudWatchGroup(createLogsClient(REGION), GROUP)
  expect(await group.streams()).toEqual(['writer-1'])
  expect(await verifyRecords({ records: logRecords({ group, clock }) })).toMatchObject({ ok: true, records: 1 })
})

test('a sweep is hints on its own queue, and lists what no event told of', async () => {
  const id = await launch()
  expect(await observer.handler({ sweep: true }, invocation)).toEqual(nothing)
  const hints = await take(sqs, queues.sweep)
  expect(hints.map(({ body }) => JSON.parse(body).scope.region).sort()).toEqual([REGION, 'us-east-1'])
  expect(await observer.handler(batchOf(queues.sweep, hints), invocation)).toEqual(nothing)
  expect(await carryOver()).toEqual(nothing)
  expect(await held()).toContain(id)
  const scopes = await store.db.selectFrom('scopes').select('state').execute()
  expect(scopes.map((row) => row.state)).toEqual(['fresh', 'fresh'])
})

/** What `serve` or an earlier sweep saw there. */
async function knownScope(scope: Scope): Promise<void> {
  const { tenant, account, region } = scope
  const times = { last_event_at: null, last_sweep_at: 1, applied_begun_at: 1, drift: 0, held_back: 0 }
  const row = { scope: formatScope(scope), tenant, account, region, account_name: null, detail: null }
  await store.db
    .insertInto('scopes')
    .values({ ...row, ...times, state: 'fresh' })
    .execute()
}

test('an account that two lists lacked and a region that nobody names lose their rows, and the chain of the function says so', async () => {
  const left: Scope = { tenant: 'acme', partition: 'aws', account: '999999999999', region: REGION }
  const unnamed = { ...left, account: organisation.accounts['workload-1'].id, region: 'sa-east-1' }
  await knownScope(left)
  await knownScope(unnamed)
  for (let sweep = 0; sweep < 2; sweep += 1) {
    await observer.handler({ sweep: true }, invocation)
    await take(sqs, queues.sweep)
    await carryOver()
  }
  const states = await store.db.selectFrom('scopes').select(['scope', 'state']).orderBy('account', 'desc').execute()
  expect(states.filter((one) => one.state === 'gone').map((one) => one.scope)).toEqual([left, unnamed].map(formatScope))
  const group = cloudWatchGroup(createLogsClient(REGION), GROUP)
  const recordsOf = async (kind: 'discovery.account-gone' | 'discovery.region-gone') =>
    (await listLogRecords(group, { kind }, { limit: 10 })).items
  expect(await recordsOf('discovery.account-gone')).toMatchObject([{ subject: left.account, data: { why: 'absent' } }])
  expect(await recordsOf('discovery.region-gone')).toMatchObject([
    { subject: formatScope(unnamed), data: { why: 'excluded' } },
  ])
  await store.db.deleteFrom('scopes').where('state', '=', 'gone').execute()
})

test('an id that AWS does not know yet comes back as a hint, later', async () => {
  const unknown = 'i-0123456789abcdef0'
  await observer.handler(batchOf(queues.events, [{ id: 'a', body: stateChange(unknown) }]), invocation)
  await carryOver()
  const [hint] = await take(sqs, queues.events, 3)
  expect(JSON.parse(hint?.body ?? '{}')).toMatchObject({ ids: [unknown], attempt: 1 })
})

test('a poisoned message goes back alone, and so does the one of an account that is throttled', async () => {
  const id = await launch()
  await lab.lab.setFaults([{ service: 'ec2', action: 'DescribeInstances', code: 'RequestLimitExceeded', status: 503 }])
  const throttled = await observer.handler(
    batchOf(queues.events, [
      { id: 'throttled', body: stateChange(id) },
      { id: 'foreign', body: stateChange(id, '999999999999') },
      { id: 'no event', body: '{' },
    ]),
    invocation,
  )
  await lab.lab.setFaults([])
  expect(throttled).toEqual({ batchItemFailures: [{ itemIdentifier: 'throttled' }] })
  const reports = await take(sqs, queues.observations)
  const answer = await writer.handler(
    batchOf(queues.observations, [...reports, { id: 'poison', body: '{"observation":{}}' }]),
    invocation,
  )
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'poison' }] })
  const row = store.db.selectFrom('scopes').select('state').where('region', '=', REGION)
  expect(await row.executeTakeFirst()).toEqual({ state: 'throttled' })
}, 30_000)

test('what comes twice changes nothing, and with no time left everything goes back', async () => {
  const id = await launch()
  const events = batchOf(queues.events, [{ id: 'a', body: stateChange(id) }])
  const late = { getRemainingTimeInMillis: () => 4_000 }
  expect(await observer.handler(events, late)).toEqual({ batchItemFailures: [{ itemIdentifier: 'a' }] })
  await observer.handler(events, invocation)
  const reports = batchOf(queues.observations, await take(sqs, queues.observations))
  expect(await writer.handler(reports, invocation)).toEqual(nothing)
  const before = await store.db.selectFrom('connections').selectAll().orderBy('id').execute()
  expect(await writer.handler(reports, invocation)).toEqual(nothing)
  expect(await store.db.selectFrom('connections').selectAll().orderBy('id').execute()).toEqual(before)
  expect(before.map((row) => row.instance_id)).toContain(id)
})
