import { createHash } from 'node:crypto'
import { type Connection, protocolSchema } from '../model/connection.ts'
import { formatScope, parseScope, type Scope } from '../model/scope.ts'
import type { Mentions } from '../policy/mentions.ts'
import { policyKey } from '../policy/policy-key.ts'
import type { ConnectionsTable } from '../store/schema.ts'
import type { Database } from '../store/store.ts'
import type { InStep } from './catalogue.ts'

/** Rows in one statement: 20 columns each stay below SQLite's 32,766 parameters. */
const ROWS = 500

/** The product's own list of what can be opened; every other catalogue follows it. */
export type BuiltInCatalogue = {
  /** In the transaction of the scope's ledger: both are written, or neither. */
  write(trx: Database, scope: Scope, wanted: readonly Connection[], now: number): Promise<InStep>
  read(db: Database, scope: Scope): Promise<Connection[]>
}

/** `mentions`: what the policies can tell apart at the moment of writing. */
export function builtInCatalogue(mentions: () => Mentions): BuiltInCatalogue {
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
      policy_key: policyKey(
        { ...scope, group: connection.group, protocol: connection.protocol, tags: instance.tags },
        mentions(),
      ),
      search: searchText(connection),
    }
  }
  const fingerprintOf = (row: object) => createHash('sha256').update(JSON.stringify(row)).digest('hex').slice(0, 16)

  const put = async (trx: Database, connections: readonly Connection[], now: number) => {
    for (let at = 0; at < connections.length; at += ROWS) {
      const rows = connections.slice(at, at + ROWS).map((connection) => {
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
  }

  const remove = async (trx: Database, ids: readonly string[]) => {
    for (let at = 0; at < ids.length; at += ROWS) {
      await trx
        .deleteFrom('connections')
        .where('id', 'in', ids.slice(at, at + ROWS))
        .execute()
    }
  }

  return {
    async write(trx, scope, wanted, now) {
      const rows = await trx
        .selectFrom('connections')
        .select(['id', 'fingerprint'])
        .where('scope', '=', formatScope(scope))
        .execute()
      const held = new Map(rows.map((row) => [row.id, row.fingerprint]))
      const ids = new Set(wanted.map((one) => one.id))
      const changed = wanted.filter((one) => held.get(one.id) !== fingerprintOf(rowOf(one)))
      const gone = [...held.keys()].filter((id) => !ids.has(id))
      await remove(trx, gone)
      await put(trx, changed, now)
      return { put: changed.map((one) => one.id), removed: gone, refused: [] }
    },
    async read(db, scope) {
      const rows = await db.selectFrom('connections').selectAll().where('scope', '=', formatScope(scope)).execute()
      return rows.map(connectionOfRow)
    },
  }
}

export function connectionOfRow(row: ConnectionsTable): Connection {
  return {
    id: row.id,
    scope: parseScope(row.scope),
    instanceId: row.instance_id,
    protocol: protocolSchema.parse(row.protocol),
    port: row.port,
    name: row.name,
    group: JSON.parse(row.group_path),
    network: row.network,
    instance: JSON.parse(row.instance),
    ...(row.user_name === null ? {} : { userName: row.user_name }),
    ...(row.credential === null ? {} : { credential: row.credential }),
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
