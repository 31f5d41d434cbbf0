import { reasonOf } from '../kernel/errors.ts'
import type { Environment } from '../tunnel/environment.ts'
import { isHeld } from '../tunnel/journal.ts'
import { terminate } from '../tunnel/launch.ts'
import { findServers, isOverdue, type Server } from '../tunnel/servers.ts'
import { settle } from '../tunnel/settle.ts'
import { settleTorn } from '../tunnel/settle-torn.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { laptopOf } from './tunnel-parts.ts'

/**
 * Ends what nobody needs any more: what dead processes of this machine left, and servers of every environment whose time is up. `--mine`
 * ends every server of this person, `--all` every server there is.
 */
export const gc: Command = async (context) => {
  const laptop = laptopOf(context)
  const { engineer, journal, clock } = laptop
  const repaired = (await laptop.door.apply({ action: 'repair' })).repaired ?? []
  const environments = await laptop.environments()
  const trail = await laptop.openTrail()
  const settled: string[] = []
  const ended: Server[] = []
  const failed: { what: string; reason: string }[] = []
  const attempt = (what: string, work: () => Promise<unknown>) =>
    work().catch((error: unknown) => void failed.push({ what, reason: reasonOf(error) }))
  try {
    const { entries, torn } = await journal.list()
    for (const file of torn) {
      await attempt(file, async () => void settled.push(await settleTorn({ ...laptop, trail }, file, environments)))
    }
    for (const entry of entries.filter((one) => !isHeld(one))) {
      await attempt(entry.lease.id, async () => {
        await settle({ ...laptop, trail }, entry, 'holder-died')
        settled.push(entry.lease.id)
      })
    }
    const { servers, unasked } = await findServers(engineer, environments)
    for (const { environment, region, reason } of unasked) failed.push({ what: `${environment} ${region}`, reason })
    const wanted = await Promise.all(servers.map(isWanted))
    for (const server of servers.filter((_, at) => !wanted[at])) {
      await attempt(server.instanceId, async () => {
        const { instanceId: subject, scope, leaseId: session, owner, launchedAt } = server
        const ec2 = await engineer.ec2(scope, environmentOf(server)?.role)
        await terminate(ec2, { instanceId: subject, at: launchedAt }, clock)
        ended.push(server)
        const data = { reason: 'gc', owner }
        const actor = (await engineer.whoAmI(scope.region)).arn
        await trail.record({ kind: 'tunnel.ended', actor, subject, scope, session, source: 'fact', data })
      })
    }
  } finally {
    await trail.close()
  }
  context.output.document({ repaired, settled, ended, failed }, () =>
    [
      `${repaired.length} networks repaired, ${settled.length} leases settled, ${ended.length} servers ended`,
      ...failed.map(({ what, reason }) => `not done: ${what}: ${reason}`),
    ].join('\n'),
  )
  return failed.length === 0 ? exitCodes.ok : exitCodes.failed

  function environmentOf({ scope, environment }: Server): Environment | undefined {
    const named = environments.find((one) => one.name === environment)
    return named ?? environments.find((one) => one.account === scope.account)
  }
  async function isWanted(server: Server): Promise<boolean> {
    if (
      context.options['all'] === true ||
      isOverdue(server, clock.now(), environmentOf(server)?.limits.longest ?? Infinity)
    )
      return false
    if (context.options['mine'] !== true) return true
    return server.owner !== (await engineer.whoAmI(server.scope.region)).name
  }
}
