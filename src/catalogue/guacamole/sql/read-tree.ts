import { sql } from 'kysely'
import { MARK, markPrefix, readConnectionMark, readGroupMark } from '../mark.ts'
import type { HeldConnection, HeldGroup } from '../tree.ts'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import { proxyAttributes } from './tables.ts'

const idOf = (id: number | null): string | undefined => (id === null ? undefined : String(id))

/** Every connection group, with its mark, the number of connections in it and the user groups that may read it. One statement. */
export async function readGroups(trx: GuacamoleDb): Promise<HeldGroup[]> {
  const rows = await trx
    .selectFrom('guacamole_connection_group as g')
    .leftJoin('guacamole_connection_group_attribute as a', (join) =>
      join.onRef('a.connection_group_id', '=', 'g.connection_group_id').on('a.attribute_name', '=', MARK),
    )
    // Only of groups of ours; of others nobody asks.
    .leftJoin('guacamole_connection_group_permission as p', (join) =>
      join.onRef('p.connection_group_id', '=', 'a.connection_group_id').on('p.permission', '=', 'READ'),
    )
    .leftJoin('guacamole_entity as e', (join) =>
      join.onRef('e.entity_id', '=', 'p.entity_id').on('e.type', '=', 'USER_GROUP'),
    )
    .select(({ selectFrom }) => [
      'g.connection_group_id as id',
      'g.parent_id as parent',
      'g.connection_group_name as name',
      'a.attribute_value as mark',
      'e.name as reader',
      selectFrom('guacamole_connection as c')
        .select(({ fn }) => fn.countAll().as('n'))
        .whereRef('c.parent_id', '=', 'g.connection_group_id')
        .as('connections'),
    ])
    .execute()
  return [...Map.groupBy(rows, (row) => row.id)].flatMap(([id, [row, ...more]]) =>
    row
      ? [
          {
            id: String(id),
            parent: idOf(row.parent),
            name: row.name,
            mark: readGroupMark(row.mark),
            connections: Number(row.connections),
            granted: [row, ...more].flatMap(({ reader }) => reader ?? []),
          },
        ]
      : [],
  )
}

type ScopeRow = {
  kind: 'connection' | 'parameter' | 'reader'
  id: number
  name: string
  /** Of a connection its mark. */
  value: string | null
  parent: number | null
  protocol: string | null
} & Parameters<typeof proxyAttributes>[0]

/** The connections of a scope with all that we wrote of them. One statement. */
export async function readScope(
  trx: GuacamoleDb,
  engine: GuacamoleDatabase['engine'],
  scope: string,
): Promise<HeldConnection[]> {
  const marked = sql`(
    select connection_id, attribute_value from guacamole_connection_attribute
    where attribute_name = ${MARK} and attribute_value like ${`${markPrefix(scope)}%`}
  )`
  // MySQL knows WITH from 8.0 on, and makes a derived table part of the query around it.
  const [before, mine] = engine === 'mysql' ? [sql``, sql`${marked} mine`] : [sql`with mine as ${marked}`, sql`mine`]
  const { rows } = await sql<ScopeRow>`
    ${before}
    select 'connection' as kind, c.connection_id as id, c.connection_name as name, mine.attribute_value as value,
      c.parent_id as parent, c.protocol, c.proxy_hostname, c.proxy_port, c.proxy_encryption_method
    from ${mine} join guacamole_connection c on c.connection_id = mine.connection_id
    union all
    select 'parameter', v.connection_id, v.parameter_name, v.parameter_value, null, null, null, null, null
    from ${mine} join guacamole_connection_parameter v on v.connection_id = mine.connection_id
    union all
    select 'reader', p.connection_id, e.name, null, null, null, null, null, null
    from ${mine} join guacamole_connection_permission p on p.connection_id = mine.connection_id
      join guacamole_entity e on e.entity_id = p.entity_id
    where p.permission = 'READ' and e.type = 'USER_GROUP'
  `.execute(trx)
  const parts = Map.groupBy(rows, (row) => row.kind)
  const parameters = Map.groupBy(parts.get('parameter') ?? [], (row) => row.id)
  const readers = Map.groupBy(parts.get('reader') ?? [], (row) => row.id)
  return (parts.get('connection') ?? []).map((row) => ({
    id: String(row.id),
    parent: idOf(row.parent),
    name: row.name,
    protocol: row.protocol ?? '',
    mark: readConnectionMark(row.value),
    attributes: proxyAttributes(row),
    parameters: Object.fromEntries((parameters.get(row.id) ?? []).map(({ name, value }) => [name, value ?? ''])),
    granted: (readers.get(row.id) ?? []).map(({ name }) => name),
  }))
}

/** What else stands in these groups, anybody's: names that are taken, readers that groups need. */
export async function readNeighbours(
  trx: GuacamoleDb,
  groups: readonly string[],
  mine: readonly HeldConnection[],
): Promise<HeldConnection[]> {
  if (groups.length === 0) return []
  const own = new Set(mine.map((one) => one.id))
  const rows = await trx
    .selectFrom('guacamole_connection as c')
    .leftJoin('guacamole_connection_attribute as a', (join) =>
      join.onRef('a.connection_id', '=', 'c.connection_id').on('a.attribute_name', '=', MARK),
    )
    .where('c.parent_id', 'in', groups.map(Number))
    .select([
      'c.connection_id as id',
      'c.connection_name as name',
      'c.parent_id as parent',
      'c.protocol',
      'a.attribute_value',
    ])
    .execute()
  return rows
    .filter((row) => !own.has(String(row.id)))
    .map((row) => ({
      id: String(row.id),
      parent: idOf(row.parent),
      name: row.name,
      protocol: row.protocol,
      mark: readConnectionMark(row.attribute_value),
      attributes: {},
    }))
}
