import { loadPolicies } from '../config/load-policies.ts'
import { followedReaders } from '../config/open-guacamole.ts'
import { readSecretSource } from '../kernel/secret-source.ts'
import { type Command, loadFor } from './command.ts'
import { exitCodes } from './exit.ts'

/** Reads the configuration and the policies as `serve` would; changes nothing and calls nobody. */
export const checkConfig: Command = async (context) => {
  const loaded = loadFor(context)
  const policies = loadPolicies(loaded)
  if (loaded.config.catalogue !== 'built-in') followedReaders(loaded, loaded.config.catalogue.guacamole)
  const { clientSecret } = loaded.config.signIn
  const missing = clientSecret && !readSecretSource(clientSecret, process.env) ? ['signIn.clientSecret'] : []
  context.output.document({ ok: true, path: loaded.path, policies: policies.hash, secretsNotHere: missing }, () =>
    [
      `${loaded.path} is valid, and so are its policies.`,
      ...missing.map((name) => `The secret of ${name} is not set in this shell.`),
    ].join('\n'),
  )
  return exitCodes.ok
}
