import { createHash } from 'node:crypto'
import type { Connection } from '../model/connection.ts'
import { formatScope } from '../model/scope.ts'
import type { ConnectionsTable } from '../store/schema.ts'
import type { Catalogue } from './catalogue.ts'

/** Rows in one statement: 20 columns each stay below SQLite's 32,766 parameters. */
const ROWS = 500

/** `policyKeyOf` says which instances the policies cannot tell apart (src/policy). */
export function builtInCatalogue(policyKeyOf: (connection: Connection) => string): Catalogue {
  const rowOf = (connection: Connection): Omit<ConnectionsTable, 'updated_at' | 'fingerprint'> => {
    const { scope, instance } = connection
    return {
      id: connection.id,
      scope: formatScope(scope),
      tenant: scope.tenant,
      account: scope.account,
      region: scope.region,
      instance_id: connection.instanceId,
      protocol: connection.protocol,
      port: connection.port,
      name: connection.name,
      group_path: JSON.stringify(connection.group),
      network: connection.network,
      user_name: connection.userName ?? null,
      credential: connection.credential ?? null,
      instance_state: instance.state,
      instance: JSON.stringify(instance),
      policy_key: policyKeyOf(connection),
      search: searchText(connection),
    }
  }
  const fingerprintOf = (row: object) => createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16)

  return {
    held: (trx, scope) =>
      trx
        .selectFrom('connections')
        .select(['id', 'instance_id as instanceId', 'fingerprint'])
        .where('scope', '=', formatScope(scope))
        .execute(),
    fingerprint: (connection) => fingerprintOf(rowOf(connection)),
    async apply(trx, { put, remove }, now) {
      for (let at = 0; at < remove.length; at += ROWS) {
        await trx
          .deleteFrom('connections')
          .where('id', 'in', remove.slice(at, at + ROWS))
          .execute()
      }
      for (let at = 0; at < put.length; at += ROWS) {
        const rows = put.slice(at, at + ROWS).map((connection) => {
          const row = rowOf(connection)
          return { ...row, fingerprint: fingerprintOf(row), updated_at: now }
        })
        await trx
          .insertInto('connections')
          .values(rows)
          .onConflict((conflict) =>
            conflict.column('id').doUpdateSet((excluded) => ({
              name: excluded.ref('excluded.name'),
              group_path: excluded.ref('excluded.group_path'),
              network: excluded.ref('excluded.network'),
              user_name: excluded.ref('excluded.user_name'),
              credential: excluded.ref('excluded.credential'),
              instance_state: excluded.ref('excluded.instance_state'),
              instance: excluded.ref('excluded.instance'),
              policy_key: excluded.ref('excluded.policy_key'),
              search: excluded.ref('excluded.search'),
              fingerprint: excluded.ref('excluded.fingerprint'),
              updated_at: excluded.ref('excluded.updated_at'),
            })),
          )
          .execute()
      }
    },
  }
}

/** What a person may type to find it: lower case, one line. */
function searchText({ name, group, scope, instance, protocol }: Connection): string {
  const tags = Object.entries(instance.tags).map(([key, value]) => `${key}=${value}`)
  return [
    name,
    instance.id,
    instance.privateIp,
    instance.instanceType,
    scope.account,
    scope.region,
    protocol,
    ...group,
    ...tags,
  ]
    .filter((part) => part !== undefined)
    .join(' ')
    .toLowerCase()
    .replace(/\s+/g, ' ')
}
