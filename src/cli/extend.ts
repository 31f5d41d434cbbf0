import { tunnelErrors } from '../tunnel/errors.ts'
import { environmentNamed } from '../tunnel/read-environment.ts'
import { extend, findServers } from '../tunnel/servers.ts'
import { timeAsked } from '../tunnel/time-asked.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { laptopOf } from './tunnel-parts.ts'

/** Moves the end of one's own servers in an environment to so long from now. The server learns of it within half a minute. */
export const extendTunnel: Command = async (context) => {
  const { engineer, environments, clock } = laptopOf(context)
  const [name = '', by = '1h'] = context.args
  const environment = environmentNamed(await environments(), name)
  const lasts = timeAsked(by, environment)
  const { servers } = await findServers(engineer, [environment])
  const me = (await engineer.whoAmI(environment.networks[0]?.region ?? '')).name
  const mine = servers.filter((server) => server.environment === name && server.owner === me)
  if (mine.length === 0) throw tunnelErrors.TUNNEL_LEASE_UNKNOWN({ name })
  const until = clock.now() + lasts
  for (const server of mine) {
    const ec2 = await engineer.ec2(server.scope, environment.role)
    await extend(ec2, server, until, environment.limits.longest)
  }
  const extended = mine.map(({ instanceId, leaseId }) => ({ instanceId, lease: leaseId, until }))
  context.output.document({ extended }, () => `${name} ends at ${new Date(until).toISOString()}`)
  return exitCodes.ok
}
