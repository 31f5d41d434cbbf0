import type { Engineer } from '../aws/engineer.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Trail } from '../model/audit-event.ts'
import { findOpenConnections, openConnectionLog, synthesiseReset } from './connection-log.ts'
import type { Environment, EnvironmentNetwork } from './environment.ts'
import { terminate } from './launch.ts'
import { scopeOf } from './open-tunnel.ts'
import { findServers, isOverdue, type Server } from './servers.ts'

export type ReaperParts = { engineer: Pick<Engineer, 'ec2' | 'logs'>; trail: Trail; clock: Clock }

/** What a round did, and what it could not: that comes again with the next. */
export type Reaped = {
  ended: { instanceId: string; environment: string; owner: string }[]
  /** Connections whose disconnect was written for them. */
  closed: string[]
  failed: { what: string; reason: string }[]
}

/** A server whose time is up ends itself and writes who disconnected; only one that did not is ended here. */
const OWN_END_MS = 60_000
/** So young a record may be of a server that EC2 does not list yet. */
const UNSEEN_MS = 60_000
/** The log is read so far back beyond the longest life: a reaper that was away for a day still finds every open connect. */
const AWAY_MS = 24 * 3_600_000

const ACTOR = 'system:reaper'

/**
 * One round of the standing reaper, for whoever runs it: ends servers past their time, by tag and by what AWS says of their launch, and closes connects whose
 * server is gone. Needs no journal, no laptop and no guest. `role` of an environment is the reaper's.
 */
export async function reap(
  { engineer, trail, clock }: ReaperParts,
  environments: readonly Environment[],
): Promise<Reaped> {
  const reaped: Reaped = { ended: [], closed: [], failed: [] }
  const attempt = (what: string, work: () => Promise<unknown>) =>
    work().catch((error: unknown) => void reaped.failed.push({ what, reason: reasonOf(error) }))

  const { servers, unasked } = await findServers(engineer, environments, { ending: true })
  for (const { environment, region, reason } of unasked)
    reaped.failed.push({ what: `${environment} ${region}`, reason })
  const accountOf = (one: { environment: string }) => environments.find(({ name }) => name === one.environment)?.account
  const environmentOf = ({ environment, scope }: Server) =>
    environments.find((one) => one.name === environment && one.account === scope.account)
  for (const server of servers) {
    const environment = environmentOf(server)
    // Another environment of this account has a reaper of its own.
    if (environment && isOverdue(server, clock.now() - OWN_END_MS, environment.limits.longest)) {
      await attempt(server.instanceId, () => end(server, environment))
    }
  }
  for (const environment of environments) {
    for (const network of environment.networks) {
      // Two environments may share an account and region, which was asked once: not seen there is then true of both.
      if (unasked.some((one) => one.region === network.region && accountOf(one) === environment.account)) continue
      await attempt(`log of ${environment.name}`, () => close(environment, network))
    }
  }
  return reaped

  async function end(server: Server, { role }: Environment): Promise<void> {
    const { instanceId, leaseId, owner, scope, environment, launchedAt } = server
    await terminate(await engineer.ec2(scope, role), { instanceId, at: launchedAt }, clock)
    reaped.ended.push({ instanceId, environment, owner })
    const reason = server.state === 'running' || server.state === 'pending' ? 'time-to-live' : server.state
    const common = { kind: 'tunnel.ended', actor: ACTOR, subject: instanceId, scope, session: leaseId } as const
    await trail.record({ ...common, source: 'fact', data: { reason, owner, environment } })
  }

  async function close(environment: Environment, network: EnvironmentNetwork): Promise<void> {
    const scope = scopeOf(environment, network)
    const log = openConnectionLog(await engineer.logs(scope, environment.role), environment.logGroup)
    const now = clock.now()
    const open = await findOpenConnections(log.records(now - environment.limits.longest - AWAY_MS))
    const alive = new Set(servers.map(({ leaseId }) => leaseId))
    for (const connection of open) {
      const { id, lease, owner, at } = connection
      if (alive.has(lease) || now - at < UNSEEN_MS) continue
      await attempt(id, async () => {
        // That the server is gone is AWS's word; when the connection ended nobody saw.
        const data = { reason: 'server-gone', owner, environment: environment.name, connection: id, synthesised: true }
        const common = { kind: 'tunnel.disconnected', actor: ACTOR, subject: lease, scope, session: lease } as const
        await trail.record({ ...common, source: 'fact', data })
        await log.append(synthesiseReset(connection, now, 'server-gone'))
        reaped.closed.push(id)
      })
    }
  }
}

/** An environment as the reaper visits it from another account. */
export const asReaper = (environment: Environment): Environment => ({
  ...environment,
  role: environment.reaperRole ?? `EnchiladaTunnelReaper-${environment.name}`,
})
