import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { afterEach, expect, test } from 'vitest'
import { makeOrganisation } from '../../lab/aws/organisation.ts'
import { startAws } from '../../lab/aws/start.ts'
import { cloudWatchGroup } from '../../src/audit/cloudwatch-group.ts'
import { logRecords } from '../../src/audit/log-records.ts'
import { verifyRecords } from '../../src/audit/verify-trail.ts'
import { createEngineer } from '../../src/aws/engineer.ts'
import { createServeReaper } from '../../src/cli/serve-reaper.ts'
import { type Clock, systemClock as clock } from '../../src/kernel/clock.ts'
import { silentLog } from '../../src/kernel/log.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { AuditEvent } from '../../src/model/audit-event.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { environmentSchema } from '../../src/tunnel/environment.ts'
import { type LaunchNotes, launch } from '../../src/tunnel/launch.ts'
import { scopeOf } from '../../src/tunnel/open-tunnel.ts'
import { networkIn } from '../../src/tunnel/read-environment.ts'
import { deployManagementVpc, portalSession, signInAs } from '../fixtures/management-vpc.ts'
import { startPostgres } from '../fixtures/postgres.ts'
import { sample } from '../fixtures/sample.ts'

// Servers here have no guest and no laptop, and each test runs one reaper alone: nothing else could have ended them.
const tried = sample(['function', 'serve', 'two nodes', 'gc'] as const, 2)
const REGION = 'eu-west-1'
const STACK = 'EnchiladaManagementVpc-lab'
const TRAIL = '/enchilada/trail/tunnel/lab'
const unwritten: LaunchNotes = { remember: async () => {}, forget: async () => {} }
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** An environment with a server whose time is up, one whose time is not, and their connects; and the connect of a server that is gone. */
async function openWorld(reaper: 'lambda' | 'serve') {
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-reapers-'))
  closers.push(async () => rmSync(folder, { recursive: true, force: true }))
  const aws = await startAws({ dir: join(folder, 'functions'), stoppingMs: 50 })
  closers.push(aws.stop)
  const { endpoint } = aws
  const organisation = await makeOrganisation(endpoint)
  if (reaper === 'lambda') {
    execFileSync(process.execPath, ['script/build.ts', '--function', 'reaper', join(folder, 'bundles')])
  }
  const bundles = reaper === 'lambda' ? { bundles: join(folder, 'bundles') } : {}
  const { text, stacks } = await deployManagementVpc({ endpoint, organisation, settings: { reaper }, ...bundles })
  const environment = environmentSchema.parse(JSON.parse(text))
  const place = join(folder, 'lab.yaml')
  writeFileSync(place, text)
  Object.assign(process.env, await signInAs('ada', { endpoint, organisation }))
  const target = { endpoint, region: REGION, credentials: organisation.accounts.shared.credentials }
  const logs = new CloudWatchLogsClient(target)
  const admin = new EC2Client(target)

  const network = networkIn(environment, REGION)
  const scope = scopeOf(environment, network)
  const engineer = createEngineer({ clock, profile: undefined })
  async function launchServer(id: string): Promise<string> {
    const ec2 = await engineer.ec2(scope, environment.role)
    const times = { startedAt: clock.now(), until: clock.now() + 3_600_000 }
    const lease = { id, environment: environment.name, scope, owner: 'ada', leased: [], ...times }
    const options = { lease, environment, network, userData: Buffer.alloc(0) }
    return launch(ec2, options, unwritten, new AbortController().signal)
  }
  async function connect(lease: string): Promise<void> {
    const stream = { logGroupName: environment.logGroup, logStreamName: lease }
    const record = {
      'connection-log-type': 'connection-attempt',
      'connection-id': `${lease}-1`,
      'connection-start-time': '2026-11-24 10:00:00',
      'connection-end-time': 'NA',
      username: 'ada',
      lease,
    }
    await logs.send(new CreateLogStreamCommand(stream))
    const logEvents = [{ timestamp: clock.now() - 300_000, message: JSON.stringify(record) }]
    await logs.send(new PutLogEventsCommand({ ...stream, logEvents }))
  }
  const [overdue, wanted] = await Promise.all(['lease-0000000000aa', 'lease-0000000000bb'].map(launchServer))
  for (const lease of ['lease-0000000000aa', 'lease-0000000000bb', 'lease-0000000000cc']) await connect(lease)
  const Tags = [{ Key: 'enchilada:until', Value: String(Math.floor(clock.now() / 1000) - 120) }]
  await admin.send(new CreateTagsCommand({ Resources: [overdue ?? ''], Tags }))
  await aws.lab.resetPermissions()

  return {
    ...{ aws, endpoint, organisation, environment, folder, place, stacks, logs, overdue, wanted },
    /** States of the server whose time is up and of the other. */
    async states(): Promise<string[]> {
      return Promise.all([overdue, wanted].map(async (id) => (await aws.lab.instance(id ?? '')).state))
    },
    /** Types of the records in a lease's stream. */
    async log(lease: string): Promise<string[]> {
      const stream = { logGroupName: environment.logGroup, logStreamName: lease, startFromHead: true }
      const { events } = await logs.send(new GetLogEventsCommand(stream))
      return (events ?? []).map(({ message }) => String(JSON.parse(message ?? '{}')['connection-log-type']))
    },
    async waitUntil(met: () => Promise<boolean>): Promise<void> {
      const giveUpAt = clock.now() + 20_000
      while (!(await met())) {
        if (clock.now() > giveUpAt) throw new Error('it did not come to that within 20 s')
        await clock.sleep(100)
      }
    },
    /** Every answer of IAM to the reaper's role. */
    async asked(): Promise<string[]> {
      const asked = (await aws.lab.permissions()).filter(({ role }) => role.endsWith('/EnchiladaTunnelReaper-lab'))
      return [...new Set(asked.map(({ action, allowed }) => `${action}${allowed ? '' : ' refused'}`))].sort()
    },
  }
}
type World = Awaited<ReturnType<typeof openWorld>>

const both = ['connection-attempt', 'connection-reset']

/** What a reaper leaves, however often it comes. */
async function expectReaped(world: World): Promise<void> {
  expect(await world.states()).toEqual(['terminated', 'running'])
  const leases = ['lease-0000000000aa', 'lease-0000000000bb', 'lease-0000000000cc']
  expect(await Promise.all(leases.map(world.log))).toEqual([both, ['connection-attempt'], both])
}

test.runIf(tried.includes('function'))(
  'the function alone, on its schedule, with its own role and chain',
  async () => {
    const world = await openWorld('lambda')
    const fire = () => world.aws.lab.fireSchedules('Reaper')
    await fire()
    await world.waitUntil(async () => (await world.log('lease-0000000000cc')).length === 2)
    await world.waitUntil(async () => (await world.states())[0] === 'terminated')
    await fire()
    await world.waitUntil(async () => (await world.log('lease-0000000000aa')).length === 2)
    await fire()
    await expectReaped(world)
    const group = cloudWatchGroup(world.logs, TRAIL)
    const trail = await verifyRecords({ records: logRecords({ group, clock }) })
    expect(trail).toMatchObject({ ok: true, records: 3 })
    // All that it may, and nothing that it was refused.
    const roles = Object.entries(world.stacks.template(STACK).findResources('AWS::IAM::Role'))
    const [id] = roles.find(([, { Properties }]) => Properties.RoleName === 'EnchiladaTunnelReaper-lab') ?? []
    const policies = world.stacks.properties(STACK, 'AWS::IAM::Policy').filter(({ Roles }) => Roles[0].Ref === id)
    const granted = policies.flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action),
    )
    expect(await world.asked()).toEqual([...new Set(granted)].sort())
  },
  60_000,
)

type Node = { node: string; store: Store; trail: AuditEvent[]; clock?: Clock }

const serveReaper = ({ place }: World, { node, store, trail, clock: own = clock }: Node) =>
  createServeReaper({
    ...{ settings: { environments: place, reapEvery: 0 }, folder: '/', region: REGION, log: silentLog },
    ...{ node, store, clock: own, trail: { record: async (event) => void trail.push(event) } },
  })

test.runIf(tried.includes('serve'))(
  'serve alone, by a role that admits the portal and nobody else',
  async () => {
    const world = await openWorld('serve')
    const trail: AuditEvent[] = []
    const store = await openSqlite(':memory:')
    closers.push(store.close)
    const reaper = () => serveReaper(world, { node: 'node-1', store, trail })
    // As an engineer it is nobody.
    expect((await reaper()())?.failed).toMatchObject([{ what: 'lab eu-west-1' }])
    Object.assign(process.env, await portalSession(world))
    const round = reaper()
    expect(await round()).toMatchObject({
      ended: [{ instanceId: world.overdue, owner: 'ada' }],
      closed: ['lease-0000000000cc-1'],
      failed: [],
    })
    await world.waitUntil(async () => (await world.states())[0] === 'terminated')
    expect(await round()).toEqual({ ended: [], closed: ['lease-0000000000aa-1'], failed: [] })
    expect(await round()).toEqual({ ended: [], closed: [], failed: [] })
    await expectReaped(world)
    expect(trail.map(({ kind, subject, source }) => `${kind} ${subject} ${source}`)).toEqual([
      `tunnel.ended ${world.overdue} fact`,
      'tunnel.disconnected lease-0000000000cc fact',
      'tunnel.disconnected lease-0000000000aa fact',
    ])
    expect(await world.asked()).toEqual([
      'ec2:DescribeInstances',
      'ec2:TerminateInstances',
      'logs:FilterLogEvents',
      'logs:PutLogEvents',
    ])

    // While it cannot see, it closes nothing.
    await world.aws.lab.setFaults([{ action: 'DescribeInstances', code: 'UnauthorizedOperation', status: 403 }])
    expect(await round()).toMatchObject({ closed: [], failed: [{ what: 'lab eu-west-1' }] })
    expect(await world.log('lease-0000000000bb')).toEqual(['connection-attempt'])
  },
  60_000,
)

test.runIf(tried.includes('two nodes'))(
  'two nodes of serve on one database: every end and every disconnect once, and one goes on when the other is gone',
  async () => {
    const world = await openWorld('serve')
    Object.assign(process.env, await portalSession(world))
    const postgres = await startPostgres()
    closers.push(postgres.stop)
    const trail: AuditEvent[] = []
    const stores = [1, 2].map(() => openPostgres(new Secret(postgres.url), silentLog))
    const nodes = (await Promise.all(stores)).map((store, at) => ({ node: `node-${at + 1}`, store, trail }))
    for (const { store } of nodes) closers.push(store.close)
    const reapers = nodes.map((node) => serveReaper(world, node))
    const rounds = () => Promise.all(reapers.map((round) => round()))

    const first = await rounds()
    await world.waitUntil(async () => (await world.states())[0] === 'terminated')
    const seen = [first, await rounds(), await rounds()]
    for (const one of seen) expect(one.filter((round) => round === undefined)).toHaveLength(1)
    await expectReaped(world)
    expect(trail.map(({ kind }) => kind).sort()).toEqual(['tunnel.disconnected', 'tunnel.disconnected', 'tunnel.ended'])

    // Whoever had the turn says nothing for a minute and more.
    const idle = nodes[first.indexOf(undefined)]
    const later = { ...clock, now: () => clock.now() + 61_000 }
    if (idle) expect(await serveReaper(world, { ...idle, clock: later })()).toMatchObject({ failed: [] })
    expect((await rounds()).filter((round) => round === undefined)).toHaveLength(1)
  },
  60_000,
)

test.runIf(tried.includes('gc'))(
  'enchilada gc alone, from any machine, with no journal',
  async () => {
    const world = await openWorld('serve')
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: world.folder, ENCHILADA_ENVIRONMENTS: world.place }
    for (const name of Object.keys(env)) if (name.startsWith('XDG_')) delete env[name]
    const { status, stdout } = spawnSync(resolve('script/enchilada'), ['gc', '--json'], { env, encoding: 'utf8' })
    expect(JSON.parse(stdout)).toMatchObject({ ended: [{ instanceId: world.overdue }], failed: [] })
    expect(status).toBe(0)
    await world.waitUntil(async () => (await world.states())[0] === 'terminated')
    expect(await world.states()).toEqual(['terminated', 'running'])
  },
  60_000,
)
