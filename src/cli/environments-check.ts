import type { Command } from './command.ts'
import { registryOf } from './environments-parts.ts'
import { exitCodes } from './exit.ts'

/** Names every fault of every environment; asks AWS for nothing but the parameters themselves. */
export const checkEnvironments: Command = async (context) => {
  const registry = registryOf(context)
  const { environments, faults } = await registry.read()
  context.output.document(
    { ok: faults.length === 0, place: registry.place, environments: environments.length, faults },
    () =>
      [
        ...faults.map(({ source, line, path, message }) => `${source}:${line} ${path ? `${path}: ` : ''}${message}`),
        `${registry.place}: ${environments.length} valid, ${faults.length} faults`,
      ].join('\n'),
  )
  return faults.length === 0 ? exitCodes.ok : exitCodes.failed
}
