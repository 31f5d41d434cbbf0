import { mkdirSync, writeFileSync } from 'node:fs'
import { CreateKeyPairCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { LabDoors, LabInstance } from '../aws/doors.ts'
import type { LabAccount } from '../aws/organisation.ts'
import { callJson } from '../aws/raw-call.ts'
import type { Hosts } from '../hosts/hosts.ts'
import { run } from '../world/commands.ts'
import { installProduct } from '../world/customer.ts'
import type { Steps } from '../world/report.ts'
import type { Engine } from '../world/settings.ts'
import { allow, deviceOf, withoutUdp } from './engines.ts'
import { type Laptop, makeLaptop } from './laptop.ts'
import { type ManagementVpc, type ManagementVpcOptions, makeManagementVpc } from './management-vpc.ts'
import { openSession } from './open-session.ts'
import { type RunningUp, startUp } from './running-up.ts'

export type TunnelJourneyOptions = ManagementVpcOptions & {
  awsPort: number
  lab: LabDoors
  hosts: Hosts
}

const REGION = 'eu-west-1'
const KEY = '/run/lab/engineer-key'
const PLACE = '/run/lab/environments'
const userData = '#!/bin/bash\nsetsid python3 -m http.server 3389 --directory /var/empty >/dev/null 2>&1 &\n'

/** An engineer's way into a VPC and out again, by the installed product and stock tools. */
export async function runTunnel(steps: Steps, options: TunnelJourneyOptions): Promise<void> {
  const { engine, endpoint, awsPort, organisation, lab } = options
  const { step } = steps
  await step('product packed and unpacked', installProduct, (tarball) => tarball)
  const vpc = await step('management VPC, peered and routed both ways, by cdk', () => makeManagementVpc(options))
  await step(
    'what the emulator did not make of it',
    () => lab.ignoredResources(),
    (types) => `${types.join(', ') || 'nothing'}; asserted on the templates instead`,
  )
  const peer = await step('a host in the peered VPC', () => launchTarget(options, organisation.accounts['workload-1']))
  const stranger = await step('a host in a VPC that is not peered', () =>
    launchTarget(options, organisation.accounts['workload-3']),
  )
  writeEnvironment(vpc)
  const pairs = [`${vpc.cidr} . ${vpc.peeredCidr}`, `${vpc.peeredCidr} . ${vpc.cidr}`]
  await run('nft', ['-f', '-'], { input: `add element inet seal peered { ${pairs.join(', ')} }\n` })
  const laptop = await step('a laptop', async () =>
    makeLaptop(1, awsPort, {
      ...(await openSession(endpoint, organisation.accounts.management, { role: 'People', name: 'ada' })),
      AWS_ENDPOINT_URL: `http://localhost:${awsPort}`,
      AWS_EC2_METADATA_DISABLED: 'true',
      ENCHILADA_ENVIRONMENTS: PLACE,
    }),
  )
  try {
    const before = await laptop.picture()
    await step('the peered host is out of reach without a tunnel', () => refuses(laptop, peer, 22))
    const up = await step(
      'up',
      () => startUp(laptop, ['lab']),
      ({ lines }) => phases(lines),
    )
    const server = await lab.instance(String(up.connected['instanceId']))
    await step('the peered host answers: ping, SSH, the port of RDP', () => answers(laptop, peer))
    await step('the stranger does not, though its route is added by hand; the server refused it', () =>
      staysClosed(options, laptop, up, server, stranger),
    )
    await step('metadata and the server itself are closed', () => serverIsClosed(engine, laptop, up, server))
    await step('down', () => laptop.cli(['down', 'lab']))
    await step('up ended well', async () => expectEqual(await up.ended, 0, 'exit code of up'))
    await step('the server is gone', () => gone(lab, server.id))
    await step('the laptop is as it was', async () => expectEqual(await laptop.picture(), before, 'network'))
    await step('one connect, one disconnect in CloudWatch Logs', () => readsLog(options, vpc, up, 'udp'))

    const killed = await step(
      'up again',
      () => startUp(laptop, ['lab']),
      ({ lines }) => phases(lines),
    )
    await step('up is killed, and the next run puts everything back', async () => {
      await killHolder(laptop)
      await killed.ended
      await laptop.cli(['gc', '--json'])
      expectEqual(await laptop.picture(), before, 'network')
      await gone(lab, String(killed.connected['instanceId']))
    })
    if (engine === 'openvpn') await throughTcp(steps, options, vpc, laptop, peer)
    await step('nothing is left', async () => {
      const listed: { servers: unknown[] } = JSON.parse(await laptop.cli(['list', '--json']))
      const status: { tunnels: unknown[] } = JSON.parse(await laptop.cli(['status', '--json']))
      expectEqual(listed.servers.length + status.tunnels.length, 0, 'servers and tunnels')
    })
  } finally {
    laptop.stop()
  }
}

/** A network that lets no UDP out: the same server is reached by its TCP port. */
async function throughTcp(
  { step }: Steps,
  options: TunnelJourneyOptions,
  vpc: ManagementVpc,
  laptop: Laptop,
  peer: LabInstance,
): Promise<void> {
  await withoutUdp(laptop, async () => {
    const up = await step(
      'up where UDP is blocked',
      () => startUp(laptop, ['lab']),
      ({ lines }) => phases(lines),
    )
    await step('the peered host answers by TCP', () => answers(laptop, peer))
    await step('down by TCP', () => laptop.cli(['down', 'lab']))
    await step('TCP stands in the log', () => readsLog(options, vpc, up, 'tcp'))
    await gone(options.lab, String(up.connected['instanceId']))
  })
}

function writeEnvironment({ environment }: ManagementVpc): void {
  mkdirSync(PLACE, { recursive: true })
  // JSON is YAML.
  writeFileSync(`${PLACE}/lab.yaml`, environment)
}

async function launchTarget({ endpoint, lab, hosts }: TunnelJourneyOptions, account: LabAccount): Promise<LabInstance> {
  const ec2 = new EC2Client({ endpoint, region: REGION, credentials: account.credentials })
  const { KeyMaterial = '' } = await ec2.send(new CreateKeyPairCommand({ KeyName: 'engineer', KeyType: 'ed25519' }))
  writeFileSync(`${KEY}-${account.name}`, KeyMaterial, { mode: 0o600 })
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: 'ami-0a1a2023a1a2023a0',
      InstanceType: 't3.nano',
      MinCount: 1,
      MaxCount: 1,
      KeyName: 'engineer',
      UserData: Buffer.from(userData).toString('base64'),
      SubnetId: account.networks[REGION]?.subnetId,
    }),
  )
  const id = Instances?.[0]?.InstanceId ?? ''
  await hosts.waitFor(id)
  return lab.instance(id)
}

const phases = (lines: RunningUp['lines']): string =>
  lines
    .map((line) => (line.event === 'step' ? `${line['name']} ${line['ms']} ms` : ''))
    .filter(Boolean)
    .join(', ')

const open = (laptop: Laptop, address: string | null, port: number): Promise<string> =>
  laptop.run('timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/${port} && echo open`)

async function refuses(laptop: Laptop, target: LabInstance, port: number): Promise<void> {
  const said = await open(laptop, target.privateIp, port).catch(() => 'closed')
  if (said !== 'closed') throw new Error(`${target.privateIp}:${port} is open`)
}

async function answers(laptop: Laptop, peer: LabInstance): Promise<void> {
  const address = peer.privateIp ?? ''
  await laptop.run('ping', '-c', '2', '-i', '0.2', '-W', '3', address)
  const marker = `marker-${Date.now()}`
  const said = await laptop.run(
    ...['ssh', '-i', `${KEY}-workload-1`, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR', `ec2-user@${address}`, `echo ${marker} $(hostname)`],
  )
  if (!said.includes(`${marker} ip-${address.replaceAll('.', '-')}`)) throw new Error(`SSH said: ${said}`)
  await open(laptop, address, 3389)
}

/** The route leads into the tunnel, the key admits it, and the server does not pass it on. */
async function staysClosed(
  { engine, hosts }: TunnelJourneyOptions,
  laptop: Laptop,
  up: RunningUp,
  server: LabInstance,
  stranger: LabInstance,
) {
  const device = deviceOf(up)
  const address = stranger.privateIp ?? ''
  await allow(engine, laptop, device, address)
  await laptop.run('ip', 'route', 'add', `${address}/32`, 'dev', device)
  const refused = () => refusals(hosts, server)
  const before = await refused()
  await refuses(laptop, stranger, 22)
  const after = await refused()
  if (after <= before) throw new Error(`the server refused ${after - before} packets: something else closed the way`)
  await laptop.run('ip', 'route', 'del', `${address}/32`, 'dev', device)
}

/** Packets for which the server's own rules had no way: IpExt InNoRoutes of proc(5) /proc/net/netstat. */
async function refusals(hosts: Hosts, server: LabInstance): Promise<number> {
  const namespace = hosts.find(server.id)?.namespace ?? ''
  const text = await run('ip', ['netns', 'exec', namespace, 'cat', '/proc/net/netstat'])
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '))
  return Number(values[names.indexOf('InNoRoutes')])
}

async function serverIsClosed(engine: Engine, laptop: Laptop, up: RunningUp, server: LabInstance): Promise<void> {
  const device = deviceOf(up)
  await allow(engine, laptop, device, '169.254.169.254')
  await laptop.run('ip', 'route', 'add', '169.254.169.254/32', 'dev', device)
  const closed: [string, number][] = [
    ['169.254.169.254', 80],
    [server.privateIp ?? '', 22],
    [await insideOf(laptop, device), 22],
  ]
  for (const [address, port] of closed) {
    const said = await open(laptop, address, port).catch(() => 'closed')
    if (said !== 'closed') throw new Error(`${address}:${port} is open to the client`)
  }
  await laptop.run('ip', 'route', 'del', '169.254.169.254/32', 'dev', device)
}

/** The server's address within the tunnel: the first of the four that the laptop's is the second of. */
async function insideOf(laptop: Laptop, device: string): Promise<string> {
  const [shown]: { addr_info: { local: string }[] }[] = JSON.parse(
    await laptop.run('ip', '-j', '-4', 'addr', 'show', 'dev', device),
  )
  const [, start = '', last] = /^(.*\.)(\d+)$/.exec(shown?.addr_info[0]?.local ?? '') ?? []
  return `${start}${Number(last) - 1}`
}

async function gone(lab: LabDoors, id: string): Promise<void> {
  await until(`end of ${id}`, async () => (await lab.instance(id)).state === 'terminated')
}

/** What the server wrote, as its log group has it. */
async function readsLog(
  { endpoint, organisation }: TunnelJourneyOptions,
  vpc: ManagementVpc,
  up: RunningUp,
  transport: 'udp' | 'tcp',
) {
  const target = { endpoint, region: vpc.region, credentials: organisation.accounts.shared.credentials }
  await until('records of connect and disconnect', async () => {
    const place = { logGroupName: vpc.logGroup, logStreamName: up.connected['lease'] }
    const answer = await callJson(target, 'logs', 'Logs_20140328.GetLogEvents', place).catch(() => '{"events":[]}')
    const { events }: { events: { message: string }[] } = JSON.parse(answer)
    const records: Record<string, string>[] = events.map(({ message }) => JSON.parse(message))
    const said = records.map((one) => [one['connection-log-type'], one['transport-protocol'], one['reason']].join(' '))
    return (
      said.join() === `connection-attempt ${transport} NA,connection-reset ${transport} client-disconnect` &&
      records[0]?.['connection-id'] === records[1]?.['connection-id'] &&
      Number(records[1]?.['ingress-bytes']) > 0
    )
  })
}

/** SIGKILL, to the process that holds the tunnel and to nothing else. */
async function killHolder(laptop: Laptop): Promise<void> {
  const pids = (await run('ip', ['netns', 'pids', laptop.name])).trim().split('\n')
  for (const pid of pids) {
    const words = await run('cat', [`/proc/${pid}/cmdline`]).catch(() => '')
    if (words.includes('cli.js') && words.includes('\0up\0')) process.kill(Number(pid), 'SIGKILL')
  }
}

function expectEqual<T>(have: T, want: T, what: string): void {
  if (have !== want) throw new Error(`${what}: ${have}\ninstead of ${want}`)
}

async function until(what: string, met: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const giveUpAt = Date.now() + withinMs
  while (!(await met())) {
    if (Date.now() > giveUpAt) throw new Error(`no ${what} within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
