import { openGuacamolePolicies } from '../config/guacamole-policies.ts'
import { readPolicies } from '../config/load-policies.ts'
import { readSecretSource } from '../kernel/secret-source.ts'
import { parsePolicies } from '../policy/policy-set.ts'
import type { Command } from './command.ts'
import { exitCodes } from './exit.ts'
import { loadFor } from './load-for.ts'

/** Reads the configuration and the policies as `serve` would; changes nothing and calls nobody. */
export const checkConfig: Command = async (context) => {
  const loaded = loadFor(context)
  const files = readPolicies(loaded)
  const policies = parsePolicies(files)
  if (loaded.config.catalogue !== 'built-in') openGuacamolePolicies(loaded, loaded.config.catalogue.guacamole)
  const { clientSecret } = loaded.config.signIn
  const missing = clientSecret && !readSecretSource(clientSecret, process.env) ? ['signIn.clientSecret'] : []
  context.output.document({ ok: true, path: loaded.path, policies: policies.hash, secretsNotHere: missing }, () =>
    [
      files.length > 0
        ? `${loaded.path} is valid, and so are its policies.`
        : `${loaded.path} is valid. There are no policies: nobody may do anything.`,
      ...missing.map((name) => `The secret of ${name} is not to be read in this shell; \`serve\` needs it.`),
    ].join('\n'),
  )
  return exitCodes.ok
}
