import { randomBytes } from 'node:crypto'
import type { LabInstance } from '../aws/doors.ts'
import { listenInNamespace } from '../hosts/listen-in-namespace.ts'
import { run } from '../world/commands.ts'
import type { Steps } from '../world/report.ts'
import { type Laptop, PUBLIC } from './laptop.ts'
import { ZONE } from './management-vpc.ts'
import { startNameServer } from './name-server.ts'
import { expectEqual, isOpen, KEY, refusals } from './probes.ts'
import type { TunnelJourneyOptions } from './tunnel-world.ts'

/** Where the VPC of lab/tunnel/management-vpc.ts has its resolver: its base plus two. */
const RESOLVER = '10.200.0.2'
const PEER = `peer.${ZONE}`

/** What a name leads to on the laptop, as its programs see it; empty where it leads nowhere. */
const lookUp = async (laptop: Laptop, name: string): Promise<string> =>
  (await laptop.run('getent', 'ahostsv4', name).catch(() => '')).split(/\s/)[0] ?? ''

export const namesAreUnknown = async (laptop: Laptop): Promise<void> =>
  expectEqual(await lookUp(laptop, PEER), '', `${PEER} without a tunnel`)

/** Names of the VPC are asked of its resolver, through the tunnel, and other names are not. */
export async function namesOfVpc(
  { step }: Steps,
  { hosts }: TunnelJourneyOptions,
  laptop: Laptop,
  { server, peer }: { server: LabInstance; peer: LabInstance },
): Promise<void> {
  const namespace = hosts.vpcs().find(({ id }) => id === server.vpc?.id)?.namespace ?? ''
  const address = peer.privateIp ?? ''
  // Too long for UDP: its end comes by TCP alone.
  const marker = `${'.'.repeat(2_000)}${randomBytes(8).toString('hex')}`
  const resolver = await step('a name server where the VPC has its own', async () => {
    await run('ip', ['-n', namespace, 'addr', 'add', `${RESOLVER}/32`, 'dev', 'br0'])
    return startNameServer(namespace, RESOLVER, {
      zones: [ZONE, 'internal', 'in-addr.arpa'],
      hosts: { [PEER]: address, [PUBLIC.name]: '192.0.2.99' },
      texts: { [`long.${ZONE}`]: marker },
    })
  })
  try {
    await step('names of the VPC are asked there: by UDP, by TCP, by address', async () => {
      expectEqual(await lookUp(laptop, PEER), address, PEER)
      const said = await laptop.run(`${laptop.resolved.bin}/resolvectl`, 'query', '--type=TXT', `long.${ZONE}`)
      expectEqual(said.replaceAll(/[" \n]/g, '').includes(marker), true, `the end of long.${ZONE}`)
      expectEqual((await laptop.run('getent', 'hosts', address)).trim().split(/\s+/)[1], PEER, address)
    })
    await step('ping and SSH by name', () => answersByName(laptop))
    await step('another name is asked at home, and the VPC does not hear of it', async () => {
      const heard = laptop.nameServer.asked().length
      expectEqual(await lookUp(laptop, PUBLIC.name), PUBLIC.address, PUBLIC.name)
      expectEqual(resolver.asked().includes(PUBLIC.name), false, `${PUBLIC.name} in the VPC`)
      const atHome = laptop.nameServer.asked().slice(heard)
      expectEqual([...new Set(atHome)].join(), PUBLIC.name, 'names asked at home')
    })
    await step('of the resolver the server passes on port 53 and nothing else', () =>
      onlyNames(hosts.find(server.id)?.namespace ?? '', namespace, laptop, () => refusals(hosts, server)),
    )
    await step('explain says who answers, and status which zones are in force', () => isTold(laptop, address))
  } finally {
    resolver.stop()
  }
}

async function answersByName(laptop: Laptop): Promise<void> {
  await laptop.run('ping', '-c', '1', '-W', '3', PEER)
  const said = await laptop.run(
    ...['ssh', '-i', `${KEY}-workload-1`, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR', `ec2-user@${PEER}`, 'hostname'],
  )
  if (!said.startsWith('ip-')) throw new Error(`SSH said: ${said}`)
}

async function onlyNames(server: string, vpc: string, laptop: Laptop, refused: () => Promise<number>): Promise<void> {
  const door = await listenInNamespace(vpc, RESOLVER, 80)
  try {
    await run('ip', ['netns', 'exec', server, 'timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${RESOLVER}/80`])
    const before = await refused()
    expectEqual(await isOpen(laptop, RESOLVER, 53), true, `${RESOLVER}:53`)
    expectEqual(await refused(), before, 'packets refused')
    expectEqual(await isOpen(laptop, RESOLVER, 80), false, `${RESOLVER}:80`)
    expectEqual((await refused()) > before, true, `${RESOLVER}:80 refused by the server`)
  } finally {
    door.close()
  }
}

async function isTold(laptop: Laptop, address: string): Promise<void> {
  const explained = JSON.parse(await laptop.cli(['explain', 'lab', PEER, '--json']))
  expectEqual(
    JSON.stringify([explained.zone, explained.resolver.address, explained.answers[0].address]),
    JSON.stringify([ZONE, RESOLVER, address]),
    `explain ${PEER}`,
  )
  const { tunnels } = JSON.parse(await laptop.cli(['status', '--json']))
  expectEqual(tunnels[0].dns.zones.includes(ZONE), true, `${ZONE} in status`)
}
