import { basename } from 'node:path'
import type { Environment } from './environment.ts'
import { tunnelErrors } from './errors.ts'
import { terminate } from './launch.ts'
import { deviceOf } from './lease.ts'
import { recordDisconnect, recordOnce } from './lease-trail.ts'
import { findServers } from './servers.ts'
import type { SettleParts } from './settle.ts'

/**
 * Ends what a file of the journal was about that cannot be read: its name is the lease, and the lease is on the server's tag and in its device's name. The
 * file stays until every environment has answered.
 */
export async function settleTorn(
  parts: SettleParts,
  file: string,
  environments: readonly Environment[],
): Promise<string> {
  const { engineer, journal, door, trail, clock } = parts
  const id = basename(file, '.json')
  await door.apply({ action: 'down', device: deviceOf({ id }) })
  const { servers, unasked } = await findServers(engineer, environments, { ending: true })
  const server = servers.find(({ leaseId }) => leaseId === id)
  const [silent] = unasked
  if (!server && silent) throw tunnelErrors.TUNNEL_JOURNAL_TORN({ file, ...silent })
  if (server) {
    const environment = environments.find(({ name }) => name === server.environment)
    const { owner: actor, instanceId: subject, scope, launchedAt } = server
    await terminate(await engineer.ec2(scope, environment?.role), { instanceId: subject, at: launchedAt }, clock)
    const lease = { id, startedAt: launchedAt }
    const common = { actor, subject, scope, session: id, data: { reason: 'journal-torn', synthesised: true } } as const
    await recordDisconnect(trail, lease, { ...common, source: 'claim' })
    await recordOnce(trail, lease, { ...common, kind: 'tunnel.ended', source: 'fact' })
  }
  await journal.remove(id)
  return id
}
