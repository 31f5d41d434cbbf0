import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Organisation } from '../aws/organisation.ts'
import type { LabDatabase } from './database.ts'
import { keepSecret } from './keep-secret.ts'

/** Names of both sizes of a secret: a variable of `serve`, and an ARN for the function. */
const URL_NAME = 'GUACAMOLE_DATABASE'
const CA_NAME = 'GUACAMOLE_CA'

export type LabGuacamole = {
  /** Where it is, as the product's configuration says it; the same for `serve` and for the deployment. */
  target: Record<string, unknown>
  /** ARNs by the names in `target`. */
  secrets: Record<string, string>
  /** The same secrets, as variables. */
  env: Record<string, string>
  /** User groups that may open the connection to this address; undefined when there is no such connection. */
  readersOf(address: string): Promise<string[] | undefined>
}

/** The tables of an Apache Guacamole on the world's PostgreSQL, which shows a certificate of the company's own authority. */
export async function startGuacamole(
  endpoint: string,
  organisation: Organisation,
  { url, authority }: Pick<LabDatabase, 'url' | 'authority'>,
): Promise<LabGuacamole> {
  const at = new URL(url)
  await query(at, 'create database guacamole')
  at.pathname = '/guacamole'
  const schema = new URL('../../test/fixtures/guacamole/schema-postgres.sql', import.meta.url)
  await query(at, readFileSync(schema, 'utf8'))
  at.hostname = 'localhost'
  const env = { [URL_NAME]: at.href, [CA_NAME]: authority }
  const arns = Object.entries(env).map(async ([name, text]) => {
    return [name, await keepSecret(endpoint, organisation, name, text)] as const
  })
  return {
    target: {
      by: 'lambda',
      sql: { postgres: { env: URL_NAME }, ca: { env: CA_NAME } },
      policies: 'guacamole',
      keepEnded: '0s',
    },
    secrets: Object.fromEntries(await Promise.all(arns)),
    env,
    async readersOf(address) {
      const rows = await query(at, READERS, [address])
      return rows.length === 0 ? undefined : rows.flatMap(({ name }) => name ?? []).sort()
    },
  }
}

const READERS = `
  select entity.name
  from guacamole_connection_parameter parameter
  left join guacamole_connection_permission held on held.connection_id = parameter.connection_id and held.permission = 'READ'
  left join guacamole_entity entity on entity.entity_id = held.entity_id
  where parameter.parameter_name = 'hostname' and parameter.parameter_value = $1`

async function query(at: URL, text: string, values?: string[]): Promise<{ name: string | null }[]> {
  const client = new pg.Client({ connectionString: at.href })
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}
