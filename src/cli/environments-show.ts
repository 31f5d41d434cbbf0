import { stringify } from 'yaml'
import type { Command } from './command.ts'
import { registryOf } from './environments-parts.ts'
import { exitCodes } from './exit.ts'

/** One environment with every default filled in; durations in milliseconds, as the JSON has them. */
export const showEnvironment: Command = async (context) => {
  const environment = await registryOf(context).named(context.args[0] ?? '')
  context.output.document(environment, () => stringify(environment).trimEnd())
  return exitCodes.ok
}
