import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { Secret } from '../kernel/secret.ts'
import type { SecretSource } from '../kernel/secret-source.ts'
import { lambdaErrors } from './errors.ts'

/** What Secrets Manager holds, by the names that settings know it by: as ECS gives secrets to a task. */
export type NamedSecrets = ReadonlyMap<string, Secret>

/** Rejects with NAMED_SECRET_MISSING, or what Secrets Manager says. */
export async function readNamedSecrets(
  client: SecretsManagerClient,
  arns: Readonly<Record<string, string>>,
): Promise<NamedSecrets> {
  const read = async ([name, arn]: [string, string]) => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
    if (!SecretString) throw lambdaErrors.NAMED_SECRET_MISSING({ name })
    return [name, new Secret(SecretString)] as const
  }
  return new Map(await Promise.all(Object.entries(arns).map(read)))
}

/** Throws NAMED_SECRET_MISSING. */
export const secretsFrom =
  (named: NamedSecrets) =>
  (where: string, source: SecretSource): Secret => {
    const secret = 'env' in source ? named.get(source.env) : undefined
    if (!secret) throw lambdaErrors.NAMED_SECRET_MISSING({ name: where })
    return secret
  }

export const areSame = (some: NamedSecrets, others: NamedSecrets): boolean =>
  some.size === others.size && [...some].every(([name, secret]) => secret.reveal() === others.get(name)?.reveal())
