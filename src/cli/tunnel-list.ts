import { environmentNamed } from '../tunnel/read-environment.ts'
import { findServers } from '../tunnel/servers.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { ago, table } from './output.ts'
import { laptopOf } from './tunnel-parts.ts'

/** Every server of every environment, whoever made it, as AWS says. Fails when somebody could not be asked. */
export const listServers: Command = async (context) => {
  const { engineer, environments, clock } = laptopOf(context)
  const [name] = context.args
  const all = await environments()
  const wanted = name === undefined ? all : [environmentNamed(all, name)]
  const { servers, unasked } = await findServers(engineer, wanted)
  context.output.document({ servers, unasked }, () =>
    [
      table(
        ['ENVIRONMENT', 'OWNER', 'SERVER', 'REGION', 'STATE', 'LAUNCHED', 'UNTIL'],
        servers.map((one) => [
          one.environment,
          one.owner,
          one.instanceId,
          one.scope.region,
          one.state,
          ago(one.launchedAt, clock.now()),
          new Date(one.until).toISOString(),
        ]),
      ),
      ...unasked.map(({ environment, region, reason }) => `not asked: ${environment} ${region}: ${reason}`),
    ].join('\n'),
  )
  return unasked.length === 0 ? exitCodes.ok : exitCodes.failed
}
