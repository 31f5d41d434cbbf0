import type { Fault, LabInstance } from '../aws/doors.ts'
import type { Steps } from '../world/report.ts'
import type { Engine } from '../world/settings.ts'
import { allow, deviceOf, withoutUdp } from './engines.ts'
import { impostorIsRefused } from './impostor.ts'
import type { Laptop } from './laptop.ts'
import type { ManagementVpc } from './management-vpc.ts'
import { namesAreUnknown, namesOfVpc } from './names.ts'
import {
  answers,
  expectEqual,
  gone,
  holderOf,
  insideOf,
  isOpen,
  phases,
  readRecords,
  refusals,
  refuses,
  until,
} from './probes.ts'
import { endsWell, type RunningUp, startUp } from './running-up.ts'
import { signInOn } from './sign-in.ts'
import { makeTunnelWorld, type TunnelJourneyOptions } from './tunnel-world.ts'

/** An engineer's way into a VPC and out again, by the installed product and stock tools. */
export async function runTunnel(steps: Steps, options: TunnelJourneyOptions): Promise<void> {
  const { engine, hosts, lab, signIn } = options
  const { step } = steps
  const { vpc, peer, stranger, makeLaptop } = await makeTunnelWorld(steps, options)
  const laptop = await step('a laptop', () => makeLaptop(1, undefined))
  try {
    const before = await laptop.picture()
    await step(
      'login in Chromium, with a one-time code',
      () => signInOn(laptop, 'ada', signIn),
      (answer) => JSON.parse(answer).arn,
    )
    await step('the peered host is out of reach without a tunnel', () => refuses(laptop, peer, 22))
    await step('and its name unknown', () => namesAreUnknown(laptop))
    const up = await step(
      'up',
      () => startUp(laptop, ['lab']),
      ({ lines }) => phases(lines),
    )
    const server = await lab.instance(String(up.connected['instanceId']))
    if (engine === 'openvpn') {
      await step('whoever reads the user data is no client', () => impostorIsRefused(laptop, hosts, up, server))
    }
    await step('the peered host answers: ping, SSH, the port of RDP', () => answers(laptop, peer))
    await namesOfVpc(steps, options, laptop, { server, peer })
    await step('the stranger does not, though its route is added by hand; the server refused it', () =>
      staysClosed(options, laptop, up, server, stranger),
    )
    await step('metadata and the server itself are closed', () => serverIsClosed(engine, laptop, up, server))
    await step('down', () => laptop.cli(['down', 'lab']))
    await step('up ended well', async () => {
      await endsWell(up)
      expectEqual(String(up.lines.at(-1)?.['ended']), 'asked', 'its last line')
    })
    await step('names of the VPC are unknown again', () => namesAreUnknown(laptop))
    await step('the server is gone', () => gone(lab, server.id))
    await step('the laptop is as it was', async () => expectEqual(await laptop.picture(), before, 'network'))
    await step('one connect, one disconnect in CloudWatch Logs', () => readsLog(options, vpc, up, 'udp'))

    const killed = await step(
      'up again',
      () => startUp(laptop, ['lab']),
      ({ lines }) => phases(lines),
    )
    await step('up is killed, and the next run puts everything back', async () => {
      process.kill(await holderOf(laptop), 'SIGKILL')
      await killed.ended
      await laptop.cli(['gc', '--json'])
      expectEqual(await laptop.picture(), before, 'network')
      await gone(lab, String(killed.connected['instanceId']))
    })
    await withoutRights(steps, options, laptop, 'the credentials expired', [
      { service: 'ec2', code: 'RequestExpired', status: 400 },
      { service: 'sts', code: 'ExpiredToken', status: 403 },
    ])
    await withoutRights(steps, options, laptop, 'the region was closed by a policy', [
      { service: 'ec2', code: 'UnauthorizedOperation', status: 403 },
    ])
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

/** AWS lets this engineer do nothing any more: the tunnel stays, and its server is told through it to end. */
async function withoutRights(
  { step }: Steps,
  { lab }: TunnelJourneyOptions,
  laptop: Laptop,
  since: string,
  faults: Fault[],
): Promise<void> {
  const up = await step(`up, before ${since}`, () => startUp(laptop, ['lab']))
  await lab.setFaults(faults)
  try {
    await step('AWS refuses to list the servers', () => isRefused(laptop))
    await step(`down after ${since}`, () => laptop.cli(['down', 'lab']))
    await endsWell(up)
    await step('the server ended itself', () => gone(lab, String(up.connected['instanceId'])))
  } finally {
    await lab.setFaults([])
  }
}

async function isRefused(laptop: Laptop): Promise<void> {
  const said = await laptop.cli(['list', '--json']).catch((error: Error) => error.message)
  if (!said.includes('ended with 1')) throw new Error(`list said: ${said}`)
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
    if (await isOpen(laptop, address, port)) throw new Error(`${address}:${port} is open to the client`)
  }
  await laptop.run('ip', 'route', 'del', '169.254.169.254/32', 'dev', device)
}

/** What the server wrote, as its log group has it. */
async function readsLog(options: TunnelJourneyOptions, vpc: ManagementVpc, up: RunningUp, transport: 'udp' | 'tcp') {
  await until('records of connect and disconnect', async () => {
    const records = await readRecords(options, vpc, String(up.connected['lease']))
    const said = records.map((one) => [one['connection-log-type'], one['transport-protocol'], one['reason']].join(' '))
    return (
      said.join() === `connection-attempt ${transport} NA,connection-reset ${transport} client-disconnect` &&
      records[0]?.['connection-id'] === records[1]?.['connection-id'] &&
      Number(records[1]?.['ingress-bytes']) > 0
    )
  })
}
