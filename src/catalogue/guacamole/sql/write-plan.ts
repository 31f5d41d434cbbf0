import { sql } from 'kysely'
import { MARK, writeConnectionMark, writeGroupMark } from '../mark.ts'
import { type Group, upwards } from '../place-groups.ts'
import type { Change, Grant, Target, TreePlan } from '../plan-tree.ts'
import type { HeldConnection } from '../tree.ts'
import { CONNECTIONS, GROUPS, insertPlaced } from './insert-placed.ts'
import type { Dialect, GuacamoleDb, Writing } from './open-database.ts'
import { connectionUpdates, deletion, insertion, write } from './rows.ts'
import { proxyColumns } from './tables.ts'
import { findUserGroups } from './user-groups.ts'

/**
 * Writes a plan in the open transaction, by sets: how many statements it takes does not grow with the number of changes.
 * What frees a name comes before what takes it.
 */
export async function writePlan(to: Writing, plan: TreePlan, held: readonly HeldConnection[]): Promise<void> {
  const { trx, dialect } = to
  const made = await makeGroups(to, plan)
  const groupId = (group: Group): number => Number(group.held?.id ?? made.get(group))
  const gone = plan.remove.map((one) => [Number(one.id)])
  const parks = plan.park.map((one) => ({ id: Number(one.id), set: { connection_name: `enchilada ${one.id}` } }))
  const parked = new Set(plan.park)
  const changes = plan.change.map((one) => ({
    id: Number(one.held.id),
    set: columnsOf(one, groupId, parked.has(one.held)),
  }))
  await write(
    to,
    [...deletion(dialect, 'guacamole_connection', ['connection_id'], gone), ...connectionUpdates(dialect, parks)],
    connectionUpdates(dialect, changes),
  )
  const added = await addConnections(to, plan.add, groupId)
  const known = new Map(held.flatMap((one) => (one.mark ? [[one.mark.id, Number(one.id)] as const] : [])))
  const connectionId = (id: string): number => added.get(id) ?? known.get(id) ?? Number.NaN
  const entities = await readersIn(to, plan)
  await write(to, [
    ...parameterWrites(dialect, plan, connectionId),
    ...markWrites(dialect, plan, { groupId, connectionId }),
    ...grantWrites(dialect, plan, { groupId, connectionId, entities }),
  ])
  await removeGroups(trx, plan)
}

/** Level by level: a child needs its parent's id. */
async function makeGroups(to: Writing, { newGroups }: TreePlan): Promise<Map<Group, number>> {
  const made = new Map<Group, number>()
  const levels = Map.groupBy(newGroups, ({ group }) => [...upwards(group)].length)
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    const rows = level.map(({ group }) => {
      const parent = group.parent ? Number(group.parent.held?.id ?? made.get(group.parent)) : null
      return { name: group.name, parent, more: ['ORGANIZATIONAL'] }
    })
    const ids = await insertPlaced(to, GROUPS, rows)
    for (const [at, { group }] of level.entries()) made.set(group, ids[at] ?? Number.NaN)
  }
  return made
}

function columnsOf({ held, target, differs }: Change, groupId: (group: Group) => number, parked: boolean) {
  const set: Record<string, string | number> = {}
  if (differs.includes('name') || parked) set['connection_name'] = target.name
  if (differs.includes('group')) set['parent_id'] = groupId(target.group)
  if (held.protocol !== target.protocol) set['protocol'] = target.protocol
  return differs.includes('parameters') ? { ...set, ...proxyColumns(target.attributes) } : set
}

async function addConnections(
  to: Writing,
  add: readonly Target[],
  groupId: (group: Group) => number,
): Promise<Map<string, number>> {
  const rows = add.map((target) => {
    const proxy = proxyColumns(target.attributes)
    const { proxy_hostname = null, proxy_port = null, proxy_encryption_method = null } = proxy
    const more = [target.protocol, proxy_hostname, proxy_port, proxy_encryption_method]
    return { name: target.name, parent: groupId(target.group), more }
  })
  const ids = await insertPlaced(to, CONNECTIONS, rows)
  return new Map(add.map(({ mark }, at) => [mark.id, ids[at] ?? Number.NaN]))
}

function parameterWrites(dialect: Dialect, plan: TreePlan, connectionId: (id: string) => number) {
  const table = 'guacamole_connection_parameter'
  const key = ['connection_id', 'parameter_name'] as const
  const changed = plan.change.filter((one) => one.differs.includes('parameters'))
  const stale = changed.flatMap(({ held, target }) =>
    Object.keys(held.parameters ?? {})
      .filter((name) => target.parameters[name] === undefined)
      .map((name) => [Number(held.id), name]),
  )
  const rows = [
    ...plan.add.map((target) => ({ target, before: {} as Readonly<Record<string, string>> })),
    ...changed.map(({ held, target }) => ({ target, before: held.parameters ?? {} })),
  ].flatMap(({ target, before }) =>
    Object.entries(target.parameters)
      .filter(([name, value]) => before[name] !== value)
      .map(([name, value]) => [connectionId(target.mark.id), name, value]),
  )
  const columns = [...key, 'parameter_value']
  return [
    ...deletion(dialect, table, key, stale),
    ...insertion(dialect, { table, columns, rows, same: { key, update: 'parameter_value' } }),
  ]
}

type Ids = { groupId: (group: Group) => number; connectionId: (id: string) => number }

function markWrites(dialect: Dialect, plan: TreePlan, { groupId, connectionId }: Ids) {
  const written = [...plan.add, ...plan.change.map((one) => one.target)]
  const marks = (table: 'guacamole_connection_attribute' | 'guacamole_connection_group_attribute', id: string) => ({
    table,
    columns: [id, 'attribute_name', 'attribute_value'],
    same: { key: [id, 'attribute_name'] as const, update: 'attribute_value' },
  })
  const groups = [...plan.newGroups, ...plan.groupMarks]
  return [
    ...insertion(dialect, {
      ...marks('guacamole_connection_attribute', 'connection_id'),
      rows: written.map(({ mark }) => [connectionId(mark.id), MARK, writeConnectionMark(mark)]),
    }),
    ...insertion(dialect, {
      ...marks('guacamole_connection_group_attribute', 'connection_group_id'),
      rows: groups.map((one) => [groupId(one.group), MARK, writeGroupMark(one.readers)]),
    }),
  ]
}

function readersIn(to: Writing, { grant, revoke }: TreePlan): Promise<Map<string, number>> {
  const readers = [...new Set([...grant, ...revoke].map((one) => one.reader))]
  return findUserGroups(to, readers, new Set(grant.map((one) => one.reader)))
}

function grantWrites(
  dialect: Dialect,
  { grant, revoke }: TreePlan,
  { groupId, connectionId, entities }: Ids & { entities: ReadonlyMap<string, number> },
) {
  const rows = (grants: readonly Grant[], onConnections: boolean) =>
    grants.flatMap(({ on, reader }) => {
      const entity = entities.get(reader)
      if (entity === undefined || (typeof on === 'string') !== onConnections) return []
      return [[entity, typeof on === 'string' ? connectionId(on) : groupId(on), 'READ']]
    })
  return (
    [
      ['guacamole_connection_permission', 'connection_id', true],
      ['guacamole_connection_group_permission', 'connection_group_id', false],
    ] as const
  ).flatMap(([table, column, onConnections]) => {
    const columns = ['entity_id', column, 'permission'] as const
    return [
      ...deletion(dialect, table, columns, rows(revoke, onConnections)),
      ...insertion(dialect, { table, columns, rows: rows(grant, onConnections), same: { key: columns } }),
    ]
  })
}

/**
 * A person may have put something into a group since it was read, and deleting a group deletes all in it. So the rows are
 * locked first, which waits for whoever is adding to them; what is empty then stays so.
 */
async function removeGroups(trx: GuacamoleDb, { removeGroups: groups }: TreePlan): Promise<void> {
  const ids = groups.map((group) => Number(group.id))
  if (ids.length === 0) return
  await trx
    .selectFrom('guacamole_connection_group')
    .select('connection_group_id')
    .where('connection_group_id', 'in', ids)
    .forUpdate()
    .execute()
  const inside = await trx
    .selectFrom('guacamole_connection')
    .select(['parent_id as parent', sql<number | null>`null`.as('group')])
    .where('parent_id', 'in', ids)
    .union(
      trx
        .selectFrom('guacamole_connection_group')
        .select(['parent_id as parent', 'connection_group_id as group'])
        .where('parent_id', 'in', ids),
    )
    .execute()
  const empty = new Set<number>()
  // Innermost first.
  for (const id of ids) {
    const within = inside.filter(({ parent }) => parent === id)
    if (within.every(({ group }) => group !== null && empty.has(group))) empty.add(id)
  }
  if (empty.size === 0) return
  await trx
    .deleteFrom('guacamole_connection_group')
    .where('connection_group_id', 'in', [...empty])
    .execute()
}
