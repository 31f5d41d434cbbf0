import { randomBytes } from 'node:crypto'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { Engineer } from '../aws/engineer.ts'
import type { Clock } from '../kernel/clock.ts'
import { processStart } from '../kernel/process-start.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { partitionOf, type Scope } from '../model/scope.ts'
import { pickTunnelAddresses, type TunnelAddresses } from './addresses.ts'
import { askAws } from './ask-aws.ts'
import { introduce } from './engines/engine.ts'
import type { Environment, EnvironmentNetwork } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import type { GuardLink } from './guard-link.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { findLaunched, launch, terminate, waitForAddress } from './launch.ts'
import { deviceOf, type Lease } from './lease.ts'
import { type LeaseTrail, recordDisconnect, recordOnce } from './lease-trail.ts'
import type { LocalNetworkDoor } from './network-document.ts'
import { clashesOf, freeOf, type LocalNetwork } from './routes.ts'
import { networksOf } from './target.ts'
import { packUserData, renderUserData } from './user-data.ts'
import { chooseNetworks, readReach } from './way.ts'

export type TunnelParts = {
  engineer: Engineer
  journal: Journal
  door: LocalNetworkDoor
  openLink(addresses: TunnelAddresses, now: () => number): GuardLink
  trail: LeaseTrail
  clock: Clock
  random(): number
  localNetworks(): Promise<LocalNetwork[]>
  /** Names what is being done, and times it. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>
}

export type TunnelWish = {
  environment: Environment
  network: EnvironmentNetwork
  /** Networks, addresses or ports of addresses; empty: all that the VPC leads to. */
  to: readonly string[]
  /** ms; the environment's own when nothing is said. */
  ttl: number | undefined
}

export type OpenTunnel = {
  readonly lease: Lease
  readonly instanceId: string
  readonly endpoint: string
  readonly link: GuardLink
  readonly ec2: EC2Client
  /** Ends server and routes; safe to call when either is gone already. */
  close(reason: string): Promise<void>
}

type Facts = NonNullable<AuditEvent['data']>

/** The server may still be booting when the first handshake is tried. */
const HANDSHAKE_WITHIN_MS = 180_000
/** `down` through the tunnel; then AWS is told as well. */
const SAY_DOWN_MS = 800

export const scopeOf = (environment: Environment, network: EnvironmentNetwork): Scope => ({
  tenant: environment.tenant,
  partition: partitionOf(network.region),
  account: environment.account,
  region: network.region,
})

/** From nothing to a way into the VPC. Whatever fails or cuts it short, nothing is left behind. */
export async function openTunnel(parts: TunnelParts, wish: TunnelWish, signal: AbortSignal): Promise<OpenTunnel> {
  const { engineer, journal, door, trail, clock, step } = parts
  const { environment, network } = wish
  const scope = scopeOf(environment, network)
  const { person, ec2 } = await step('signed in to AWS', async () => {
    const [identity, client] = await Promise.all([
      engineer.whoAmI(network.region),
      engineer.ec2(scope, environment.role),
    ])
    return { person: identity, ec2: client }
  })

  const { leased, addresses } = await step('routes of the VPC and its peers', async () => {
    const [reach, here] = await Promise.all([
      askAws('ec2:DescribeRouteTables', scope.account, () => readReach(ec2, network)),
      parts.localNetworks(),
    ])
    const chosen = chooseNetworks(reach, network, wish.to)
    const networks = networksOf(chosen)
    const clashes = clashesOf(networks, here)
    const [clash] = clashes
    if (clash) throw tunnelErrors.TUNNEL_CLASH({ ...clash, free: freeOf(networks, clashes).join(' ') || 'nothing' })
    const taken = [...networks, ...here.map(({ cidr }) => cidr)]
    return { leased: chosen, addresses: pickTunnelAddresses(taken, parts.random) }
  })

  const { server, client } = await introduce(environment.engine, addresses)
  const now = clock.now()
  const lease: Lease = {
    id: `lease-${randomBytes(6).toString('hex')}`,
    environment: environment.name,
    scope,
    owner: person.name,
    startedAt: now,
    until: now + Math.min(wish.ttl ?? environment.limits.ttl, environment.limits.longest),
    leased,
  }
  const limits = { ...environment.limits, ttl: lease.until - now }
  const { id, owner } = lease
  const script = renderUserData({
    ...{ lease: id, environment: environment.name, owner, region: network.region, logGroup: environment.logGroup },
    ...{ limits, addresses, leased, engine: server },
  })
  const userData = packUserData(script, { leased })
  const device = deviceOf(lease)
  let entry: JournalEntry = {
    ...{ v: 1, lease, role: environment.role, requests: [] },
    holder: { pid: process.pid, start: processStart(process.pid) },
  }
  const note = async (more: Partial<JournalEntry>) => {
    entry = { ...entry, ...more }
    await journal.write(entry)
  }
  const about = (data: Facts) =>
    ({ actor: person.arn, subject: entry.instanceId ?? id, scope, session: id, source: 'fact', data }) as const
  const ended = (data: Facts) => recordOnce(trail, lease, { ...about(data), kind: 'tunnel.ended' })

  let link: GuardLink | undefined
  async function close(reason: string): Promise<void> {
    // Nobody is there to be told when it is the server that was lost.
    const told = link !== undefined && reason !== 'server-lost' && (await link.sayDown(SAY_DOWN_MS))
    link?.close()
    link = undefined
    if (entry.device !== undefined) await door.apply({ action: 'down', device })
    await recordDisconnect(trail, lease, about({ reason }))
    try {
      const instanceId = entry.instanceId ?? (await findLaunched(ec2, id, entry.requests))
      if (instanceId !== undefined) {
        await askAws('ec2:TerminateInstances', scope.account, () => terminate(ec2, instanceId))
        await ended({ reason, instanceId })
      }
    } catch (error) {
      // Credentials may have expired: a server that said it ends needs nobody's rights. Otherwise the journal keeps the lease.
      if (!told) throw error
      await ended({ reason, instanceId: entry.instanceId, toldBy: 'server' })
    }
    await journal.remove(id)
  }

  try {
    const instanceId = await step('server launched', () =>
      launch(
        ec2,
        { lease, environment, network, userData },
        (request) => note({ requests: [...entry.requests, request] }),
        signal,
      ),
    )
    await note({ instanceId })
    await trail.record({
      ...about({ environment: environment.name, leased, until: lease.until }),
      kind: 'tunnel.launched',
    })
    const endpoint = await step('server has an address', () =>
      waitForAddress(ec2, { instanceId, account: scope.account }, clock, signal),
    )
    await note({ endpoint, device, serverAddress: addresses.server })
    await step('tunnel is up', () =>
      door.apply(
        {
          ...{ action: 'up', device, owner: process.pid, address: addresses.client, routes: networksOf(leased) },
          ...{ endpoint, engine: client.reveal(), serverAddress: addresses.server },
          handshakeWithinMs: HANDSHAKE_WITHIN_MS,
        },
        signal,
      ),
    )
    await note({ connectedAt: clock.now() })
    await trail.record({ ...about({ endpoint, leased }), kind: 'tunnel.connected' })
    const open = parts.openLink(addresses, clock.now)
    link = open
    return { lease, instanceId, endpoint, link: open, ec2, close }
  } catch (error) {
    // What cannot be cleaned up now stays in the journal; the reason of the failure is what the engineer needs to hear.
    if (entry.requests.length > 0) {
      await step('cleaned up', () => close(signal.aborted ? 'interrupted' : 'failed')).catch(() => undefined)
    }
    throw error
  }
}
