import type { Secret } from '../kernel/secret.ts'
import { readSecretSource, type SecretSource } from '../kernel/secret-source.ts'
import { configErrors } from './errors.ts'
import type { Loaded } from './load-config.ts'

/** Reads a secret that the configuration names. Throws CONFIG_INVALID with the setting when it is not there. */
export function secretsOf({ path }: Loaded, env: NodeJS.ProcessEnv) {
  return (where: string, source: SecretSource): Secret => {
    const value = readSecretSource(source, env)
    if (!value) throw configErrors.CONFIG_INVALID({ path, faults: `  - ${where}: the secret it names is not there` })
    return value
  }
}
