import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { Engineer } from '../aws/engineer.ts'
import type { Clock } from '../kernel/clock.ts'
import { processStart } from '../kernel/process-start.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { partitionOf, type Scope } from '../model/scope.ts'
import type { TunnelAddresses } from './addresses.ts'
import { askAws } from './ask-aws.ts'
import { loadEngine } from './engines/engine.ts'
import type { Environment, EnvironmentNetwork } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import type { GuardLink } from './guard-link.ts'
import type { Journal, JournalEntry } from './journal.ts'
import type { KnownWays } from './known-ways.ts'
import { findLaunched, type Launched, launch, terminate, waitForAddress } from './launch.ts'
import { deviceOf, type Lease } from './lease.ts'
import { type LeaseTrail, recordDisconnect, recordOnce } from './lease-trail.ts'
import type { LocalNetworkDoor, Warning } from './network-document.ts'
import { planWay } from './plan-way.ts'
import type { LocalNetwork, Reach } from './routes.ts'
import { networksOf } from './target.ts'
import { packUserData, renderUserData } from './user-data.ts'
import { readReach } from './way.ts'
import type { SplitDns } from './zones.ts'

export type TunnelParts = {
  engineer: Engineer
  journal: Journal
  door: LocalNetworkDoor
  openLink(addresses: TunnelAddresses, now: () => number): GuardLink
  trail: LeaseTrail
  clock: Clock
  random(): number
  ways: KnownWays
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
  /** Device of a tunnel whose server was lost: it has the leased networks until this one takes them over. */
  replaces?: string
  /** Lease the VPC's resolver as well, and ask it for the names of the VPC. */
  dns: boolean
}

export type OpenTunnel = {
  readonly lease: Lease
  readonly instanceId: string
  readonly device: string
  readonly endpoint: string
  readonly link: GuardLink
  readonly ec2: EC2Client
  /** Which names are asked through it. */
  readonly dns: SplitDns | undefined
  readonly warnings: readonly Warning[]
  /** Ends the server and its connection's record. Device and routes stay: nothing meant for the leased networks takes another way. */
  endServer(reason: string): Promise<void>
  /** Ends server and routes; safe to call when either is gone already. */
  close(reason: string): Promise<void>
}

type Facts = NonNullable<AuditEvent['data']>

/** The server may still be booting when the first handshake is tried. */
const HANDSHAKE_WITHIN_MS = 180_000
/** `down` through the tunnel; then AWS is told as well. */
const SAY_DOWN_MS = 800
/** Where AWS does not take it, nobody but the server itself can end it. */
const SAY_DOWN_ALONE_MS = 5_000

export const scopeOf = (environment: Environment, network: EnvironmentNetwork): Scope => ({
  tenant: environment.tenant,
  partition: partitionOf(network.region),
  account: environment.account,
  region: network.region,
})

/** From nothing to a way into the VPC. Whatever fails or cuts it short, nothing is left behind. */
export async function openTunnel(parts: TunnelParts, wish: TunnelWish, signal: AbortSignal): Promise<OpenTunnel> {
  try {
    return await openBy(parts, wish, await parts.ways.recall(wish.network), signal)
  } catch (error) {
    if (!(error instanceof WayMoved)) throw error
    return openBy(parts, wish, undefined, signal)
  }
}

/** The tables say other than what a server was launched by. It was never used; the next one is launched by what they say. */
class WayMoved extends Error {}

async function openBy(
  parts: TunnelParts,
  wish: TunnelWish,
  guess: readonly Reach[] | undefined,
  signal: AbortSignal,
): Promise<OpenTunnel> {
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

  const askTables = async () => {
    const reach = await askAws('ec2:DescribeRouteTables', scope.account, () => readReach(ec2, network))
    await parts.ways.keep(network, reach)
    return reach
  }
  const { reach, leased, addresses, dns, portsOnly } = await step('routes of the VPC and its peers', () =>
    planWay(parts, wish, guess, askTables),
  )
  /** Whoever launched by what the tables say need not ask again. */
  const checkWay = async () => {
    if (reach !== guess) return
    const now = await step('routes are still the same', askTables)
    if (!isDeepStrictEqual(now, reach)) throw new WayMoved(`${network.vpc} leads elsewhere by now`)
  }

  const introduce = await loadEngine(environment.engine)
  const { server, client } = await introduce(addresses)
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
    ...{ limits, addresses, leased, portsOnly, engine: server },
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

  let launched: Launched | undefined
  let link: GuardLink | undefined
  let isOver = false
  async function close(reason: string): Promise<void> {
    // Nobody is there to be told when it is the server that was lost.
    const guard = reason === 'server-lost' ? undefined : link
    const told = (await guard?.sayDown(SAY_DOWN_MS)) ?? false
    const endsItself = async () => told || ((await guard?.sayDown(SAY_DOWN_ALONE_MS)) ?? false)
    // AWS ends a server at once: one that was told writes its last records before. Another may have to be told once more.
    const steps = [() => endServer(reason, endsItself), takeWayAway]
    const failures: unknown[] = []
    for (const take of told ? steps.reverse() : steps) await take().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
    await journal.remove(id)
  }

  async function takeWayAway(): Promise<void> {
    link?.close()
    link = undefined
    if (entry.device !== undefined) await door.apply({ action: 'down', device })
  }

  async function endServer(reason: string, endsItself = async () => false): Promise<void> {
    if (isOver) return
    // A trail that cannot be written keeps no server alive; what it lacks stays in the journal.
    const [end, disconnect] = await Promise.allSettled([
      terminateServer(endsItself),
      recordDisconnect(trail, lease, about({ reason })),
    ])
    for (const one of [disconnect, end]) if (one.status === 'rejected') throw one.reason
    if (end.status === 'fulfilled' && end.value) await ended({ reason, ...end.value })
    isOver = true
  }

  /** Undefined when there was none. */
  async function terminateServer(endsItself: () => Promise<boolean>): Promise<Facts | undefined> {
    try {
      const found = launched ?? (await findLaunched(ec2, id, entry.requests, clock))
      if (found === undefined) return undefined
      await askAws('ec2:TerminateInstances', scope.account, () => terminate(ec2, found, clock))
      return { instanceId: found.instanceId }
    } catch (error) {
      // Credentials may have expired: a server that said it ends needs nobody's rights. Otherwise the journal keeps the lease.
      if (!(await endsItself())) throw error
      return { instanceId: entry.instanceId, toldBy: 'server' }
    }
  }

  try {
    const instanceId = await step('server launched', () =>
      launch(
        ec2,
        { lease, environment, network, userData },
        {
          async remember(request) {
            const written = { ...entry, requests: [...entry.requests, request] }
            // What could not be written is not sent, and so need not be looked for.
            await journal.write(written)
            entry = written
          },
          forget: () => note({ requests: [] }),
        },
        signal,
      ),
    )
    launched = { instanceId, at: clock.now() }
    await note({ instanceId })
    await trail.record({
      ...about({ environment: environment.name, leased, until: lease.until }),
      kind: 'tunnel.launched',
    })
    const moved = new AbortController()
    const [endpoint] = await Promise.all([
      step('server has an address', () =>
        waitForAddress(ec2, { instanceId, account: scope.account }, clock, AbortSignal.any([signal, moved.signal])),
      ),
      checkWay().catch((error: unknown) => {
        moved.abort(error)
        throw error
      }),
    ])
    await note({ endpoint, device, serverAddress: addresses.server })
    const { zones = [], warnings = [] } = await step('tunnel is up', () =>
      door.apply(
        {
          ...{ action: 'up', device, owner: process.pid, address: addresses.client, routes: networksOf(leased), dns },
          ...{ endpoint, engine: client.reveal(), serverAddress: addresses.server },
          ...(wish.replaces !== undefined && { replaces: wish.replaces }),
          handshakeWithinMs: HANDSHAKE_WITHIN_MS,
        },
        signal,
      ),
    )
    const inForce = dns && zones.length > 0 ? { ...dns, zones } : undefined
    if (wish.dns && !dns) warnings.push(tunnelErrors.TUNNEL_RESOLVER_UNKNOWN({ vpc: network.vpc }).toJSON())
    await note({ connectedAt: clock.now(), dns: inForce })
    await trail.record({ ...about({ endpoint, leased }), kind: 'tunnel.connected' })
    const open = parts.openLink(addresses, clock.now)
    link = open
    return { lease, instanceId, device, endpoint, endServer, link: open, ec2, dns: inForce, warnings, close }
  } catch (error) {
    // What cannot be cleaned up now stays in the journal; the reason of the failure is what the engineer needs to hear.
    const reason = error instanceof WayMoved ? 'routes-changed' : 'failed'
    const clean = () => close(signal.aborted ? 'interrupted' : reason)
    if (entry.requests.length > 0) await step('cleaned up', clean).catch(() => undefined)
    else await journal.remove(id)
    throw error
  }
}
