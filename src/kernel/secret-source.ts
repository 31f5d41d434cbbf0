import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { Secret } from './secret.ts'

/** Where the configuration finds a secret of our own: never written in the file itself. */
export const secretSourceSchema = z.union(
  [
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable') }),
    z.strictObject({ file: z.string().min(1) }),
  ],
  { error: 'a secret is not written here, but where it is: {env: NAME} or {file: PATH}' },
)
export type SecretSource = z.infer<typeof secretSourceSchema>

/** Undefined when the variable is unset or the file unreadable: the caller names the setting at fault. */
export function readSecretSource(source: SecretSource, env: NodeJS.ProcessEnv): Secret | undefined {
  const value = 'env' in source ? env[source.env] : readFileIfAny(source.file)
  return value ? new Secret(value) : undefined
}

function readFileIfAny(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}
