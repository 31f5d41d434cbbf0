import { mkdirSync, readFileSync } from 'node:fs'
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { makeOrganisation } from '../../lab/aws/organisation.ts'
import { startAws } from '../../lab/aws/start.ts'
import { startHosts } from '../../lab/hosts/hosts.ts'
import { run } from '../../lab/world/commands.ts'
import { maskedFolders } from '../../lab/world/folders.ts'
import { openUplink } from '../../lab/world/uplink.ts'
import { createEngineer } from '../../src/aws/engineer.ts'
import { systemClock as clock } from '../../src/kernel/clock.ts'
import { pickTunnelAddresses, type TunnelAddresses } from '../../src/tunnel/addresses.ts'
import { type EngineName, engineNames, loadEngine } from '../../src/tunnel/engines/engine.ts'
import { environmentSchema, type TunnelLimits } from '../../src/tunnel/environment.ts'
import { type LaunchNotes, launch } from '../../src/tunnel/launch.ts'
import { scopeOf } from '../../src/tunnel/open-tunnel.ts'
import { networkIn } from '../../src/tunnel/read-environment.ts'
import { GUARD_PORT, packUserData, renderUserData } from '../../src/tunnel/user-data.ts'
import { deployManagementVpc, signInAs } from '../fixtures/management-vpc.ts'

/**
 * Runs inside a world: servers with their real user data, and nobody who would end them from outside. Each has one dead-man that could strike soon, the
 * others would take hours; one has none. Prints what became of them, as JSON.
 */
const REGION = 'eu-west-1'
const HOUR = 3_600_000
const WITHIN_MS = 120_000

process.env['TMPDIR'] = '/run/lab/tmp'
mkdirSync('/run/lab/tmp', { mode: 0o1777 })
await openUplink()
const aws = await startAws({ pendingMs: 50, stoppingMs: 50 })
const { endpoint } = aws
const organisation = await makeOrganisation(endpoint)
const hosts = startHosts({
  lab: aws.lab,
  awsPort: aws.port,
  disks: '/run/lab/disks',
  masked: maskedFolders(),
  log: (text) => console.error(text),
})
const { text } = await deployManagementVpc({ endpoint, organisation, settings: { instanceTypes: ['t3.nano'] } })
const environment = environmentSchema.parse(JSON.parse(text))
const network = networkIn(environment, REGION)
const scope = scopeOf(environment, network)
Object.assign(process.env, await signInAs('ada', { endpoint, organisation }))
const ec2 = await createEngineer({ clock, profile: undefined }).ec2(scope, environment.role)

const patient = { ttl: 10 * HOUR, longest: 12 * HOUR, firstHandshake: HOUR, grace: HOUR, idle: HOUR }
const unwritten: LaunchNotes = { remember: async () => {}, forget: async () => {} }
type Server = { id: string; lease: string; addresses: TunnelAddresses }

async function start(engine: EngineName, n: number, limits: Partial<TunnelLimits>): Promise<Server> {
  const lease = `lease-${engine === 'wireguard' ? 'a' : 'b'}0000000000${n}`
  const addresses = pickTunnelAddresses([], () => n / 8)
  const introduce = await loadEngine(engine)
  const { server } = await introduce(addresses)
  const leased = ['10.0.0.0/16']
  const script = renderUserData({
    ...{ lease, environment: environment.name, owner: 'ada', region: REGION, logGroup: environment.logGroup },
    ...{ limits: { ...patient, ...limits }, addresses, leased, portsOnly: [], engine: server },
  })
  const now = clock.now()
  const asked = {
    id: lease,
    environment: environment.name,
    scope,
    owner: 'ada',
    startedAt: now,
    until: now + HOUR,
    leased,
  }
  const options = { lease: asked, environment, network, userData: packUserData(script, { leased }) }
  const id = await launch(ec2, options, unwritten, new AbortController().signal)
  await hosts.waitFor(id, WITHIN_MS)
  return { id, lease, addresses }
}

const namespaceOf = ({ id }: Server): string => hosts.find(id)?.namespace ?? ''

const HEAR = `
import socket, sys
door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.settimeout(0.5)
for _ in range(40):
    try:
        door.sendto(b"alive", (sys.argv[1], int(sys.argv[2])))
        door.recv(64)
        break
    except OSError:
        pass
else:
    sys.exit("nobody answers")
`

/** One sign of life at the guard's door, from the server's own machine, and then silence. */
const comeAndGo = (server: Server): Promise<string> =>
  run('ip', [
    ...['netns', 'exec', namespaceOf(server), 'python3', '-c', HEAR],
    ...[server.addresses.server, String(GUARD_PORT)],
  ])

/** Neither ends nor does anything more. */
async function hang(server: Server): Promise<number> {
  const pids = (await run('ip', ['netns', 'pids', namespaceOf(server)])).trim().split('\n').map(Number)
  const guards = pids.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('python3\0'))
  for (const pid of guards) process.kill(pid, 'SIGSTOP')
  return guards.length
}

async function until(met: () => Promise<boolean>): Promise<boolean> {
  const giveUpAt = clock.now() + WITHIN_MS
  while (!(await met())) {
    if (clock.now() > giveUpAt) return false
    await clock.sleep(200)
  }
  return true
}

const { credentials } = organisation.accounts.shared
const logs = new CloudWatchLogsClient({ endpoint, region: REGION, credentials })
async function messages(stream: string): Promise<Record<string, unknown>[]> {
  const place = { logGroupName: environment.logGroup, logStreamName: stream, startFromHead: true }
  const { events } = await logs.send(new GetLogEventsCommand(place)).catch(() => ({ events: [] }))
  return (events ?? []).map(({ message = '{}' }) => JSON.parse(message))
}

const stateOf = async ({ id }: Server): Promise<string> => (await aws.lab.instance(id)).state
const ended = (server: Server) => until(async () => (await stateOf(server)) === 'terminated')

async function serversEnd(engine: EngineName) {
  const [uncalled, left, hung, kept] = await Promise.all([
    start(engine, 1, { firstHandshake: 20_000 }),
    // Silence is a disconnect after 10 s; what is left is for the log, however slow.
    start(engine, 2, { grace: 25_000 }),
    // Long enough that a busy machine has its guard hang before.
    start(engine, 3, { longest: 45_000 }),
    start(engine, 4, {}),
  ])
  const hungGuards = await hang(hung)
  await comeAndGo(left)
  return {
    hungGuards,
    neverConnected: await ended(uncalled),
    peerLost: await ended(left),
    timer: await ended(hung),
    kept: await stateOf(kept),
    records: (await messages(left.lease)).map((one) => `${one['connection-log-type']} ${one['reason']}`),
    metrics: await messages(`${left.lease}-metrics`),
    silent: (await messages(hung.lease)).length,
  }
}

const outcome: Partial<Record<EngineName, Awaited<ReturnType<typeof serversEnd>>>> = {}
for (const engine of engineNames) outcome[engine] = await serversEnd(engine)
await hosts.stop()
await aws.stop()
console.log(JSON.stringify(outcome))
