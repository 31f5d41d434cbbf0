import { join } from 'node:path'
import envPaths from 'env-paths'
import { openRegistry, type Registry } from '../tunnel/registry/registry.ts'
import { type CommandContext, optionText } from './command.ts'

/** `--environments`, ENCHILADA_ENVIRONMENTS, or the folder of one's own. */
export function registryOf(context: CommandContext): Registry {
  const place =
    optionText(context, 'environments') ??
    process.env['ENCHILADA_ENVIRONMENTS'] ??
    join(envPaths('enchilada', { suffix: '' }).config, 'environments')
  const profile = optionText(context, 'profile')
  const region = optionText(context, 'region')
  return openRegistry(place, async (path) => {
    // Files need no client of AWS.
    const { readParametersBelow } = await import('../aws/parameters.ts')
    return readParametersBelow(path, { profile, region })
  })
}
