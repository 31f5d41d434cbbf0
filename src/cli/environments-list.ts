import type { Command } from './command.ts'
import { registryOf } from './environments-parts.ts'
import { exitCodes } from './exit.ts'
import { table } from './output.ts'

/** Every environment that the registry has. */
export const listEnvironments: Command = async (context) => {
  const registry = registryOf(context)
  const environments = await registry.all()
  context.output.document({ place: registry.place, environments }, () =>
    environments.length === 0
      ? `no environment in ${registry.place}`
      : table(
          ['NAME', 'TENANT', 'ACCOUNT', 'REGIONS', 'ENGINE', 'ROLE'],
          environments.map(({ name, tenant, account, networks, engine, role = '-' }) => [
            ...[name, tenant, account, networks.map(({ region }) => region).join(' '), engine, role],
          ]),
        ),
  )
  return exitCodes.ok
}
