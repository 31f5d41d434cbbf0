import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import * as z from 'zod'
import { Secret } from '../kernel/secret.ts'
import type { writerEnvironment } from './environment.ts'
import { lambdaErrors } from './errors.ts'

/** As RDS and Aurora write it (Secrets Manager User Guide, "JSON structure of secrets"). */
const secretSchema = z.object({
  host: z.string().min(1),
  port: z.coerce.number().int().default(5432),
  username: z.string().min(1),
  password: z.string(),
  dbname: z.string().min(1).default('enchilada'),
})

type Named = Pick<z.output<typeof writerEnvironment>, 'DATABASE_SECRET_ARN' | 'DATABASE_TLS'>

/** Rejects with DATABASE_SECRET_INVALID, or what Secrets Manager says. */
export async function readDatabaseUrl(client: SecretsManagerClient, named: Named): Promise<Secret> {
  const arn = named.DATABASE_SECRET_ARN
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
  const read = secretSchema.safeParse(parseJson(SecretString ?? ''))
  // The fault is not carried along: it would quote the secret.
  if (!read.success) throw lambdaErrors.DATABASE_SECRET_INVALID({ arn })
  const { host, port, username, password, dbname } = read.data
  const who = `${encodeURIComponent(username)}:${encodeURIComponent(password)}`
  return new Secret(`postgres://${who}@${host}:${port}/${encodeURIComponent(dbname)}?sslmode=${named.DATABASE_TLS}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
