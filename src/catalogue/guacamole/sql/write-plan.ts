import { sql } from 'kysely'
import { MARK, writeConnectionMark, writeGroupMark } from '../mark.ts'
import { type Group, upwards } from '../place-groups.ts'
import type { Change, Grant, Target, TreePlan } from '../plan-tree.ts'
import { fold, type HeldConnection } from '../tree.ts'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import { deletePairs, insertRows, updateConnectionRows, type Value } from './rows.ts'
import { proxyColumns } from './tables.ts'
import { findUserGroups } from './user-groups.ts'

type Writing = { trx: GuacamoleDb; engine: GuacamoleDatabase['engine'] }

/**
 * Writes a plan in the open transaction, by sets: how many statements it takes does not grow with the number of changes.
 * What frees a name comes before what takes it.
 */
export async function writePlan(to: Writing, plan: TreePlan, held: readonly HeldConnection[]): Promise<void> {
  const { trx } = to
  const made = await makeGroups(to, plan)
  const groupId = (group: Group): number => Number(group.held?.id ?? made.get(group))
  if (plan.remove.length > 0) {
    const ids = plan.remove.map((one) => Number(one.id))
    await trx.deleteFrom('guacamole_connection').where('connection_id', 'in', ids).execute()
  }
  await updateConnectionRows(
    trx,
    plan.park.map((one) => ({ id: Number(one.id), set: { connection_name: `enchilada ${one.id}` } })),
  )
  const parked = new Set(plan.park)
  await updateConnectionRows(
    trx,
    plan.change.map((one) => ({ id: Number(one.held.id), set: columnsOf(one, groupId, parked.has(one.held)) })),
  )
  const added = await addConnections(to, plan.add, groupId)
  const known = new Map(held.flatMap((one) => (one.mark ? [[one.mark.id, Number(one.id)] as const] : [])))
  const connectionId = (id: string): number => added.get(id) ?? known.get(id) ?? Number.NaN

  await writeParameters(to, plan, connectionId)
  const written = [...plan.add, ...plan.change.map((one) => one.target)]
  await insertRows(trx, to.engine, {
    table: 'guacamole_connection_attribute',
    columns: ['connection_id', 'attribute_name', 'attribute_value'],
    rows: written.map(({ mark }) => [connectionId(mark.id), MARK, writeConnectionMark(mark)]),
    same: { key: ['connection_id', 'attribute_name'], update: 'attribute_value' },
  })
  await insertRows(trx, to.engine, {
    table: 'guacamole_connection_group_attribute',
    columns: ['connection_group_id', 'attribute_name', 'attribute_value'],
    rows: [...plan.newGroups, ...plan.groupMarks].map((one) => [groupId(one.group), MARK, writeGroupMark(one.readers)]),
    same: { key: ['connection_group_id', 'attribute_name'], update: 'attribute_value' },
  })
  await writeGrants(to, plan, groupId, connectionId)
  await removeGroups(trx, plan)
}

/** Level by level: a child needs its parent's id. */
async function makeGroups({ trx, engine }: Writing, { newGroups }: TreePlan): Promise<Map<Group, number>> {
  const made = new Map<Group, number>()
  const levels = Map.groupBy(newGroups, ({ group }) => [...upwards(group)].length)
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    const rows = level.map(({ group }) => {
      const parent = group.parent ? Number(group.parent.held?.id ?? made.get(group.parent)) : null
      return { group, parent, name: group.name }
    })
    await insertRows(trx, engine, {
      table: 'guacamole_connection_group',
      columns: ['connection_group_name', 'parent_id', 'type'],
      rows: rows.map((row) => [row.name, row.parent, 'ORGANIZATIONAL']),
    })
    const parents = rows.flatMap((row) => row.parent ?? [])
    const found = await trx
      .selectFrom('guacamole_connection_group')
      .select(['connection_group_id as id', 'parent_id as parent', 'connection_group_name as name'])
      .where((where) => (parents.length > 0 ? where('parent_id', 'in', parents) : where('parent_id', 'is', null)))
      .execute()
    const ids = new Map(found.map((row) => [`${row.parent} ${row.name}`, row.id]))
    for (const row of rows) made.set(row.group, ids.get(`${row.parent} ${row.name}`) ?? Number.NaN)
  }
  return made
}

function columnsOf({ held, target, differs }: Change, groupId: (group: Group) => number, parked: boolean) {
  const set: Record<string, Value> = {}
  if (differs.includes('name') || parked) set['connection_name'] = target.name
  if (differs.includes('group')) set['parent_id'] = groupId(target.group)
  if (held.protocol !== target.protocol) set['protocol'] = target.protocol
  return differs.includes('parameters') ? { ...set, ...proxyColumns(target.attributes) } : set
}

async function addConnections(
  { trx, engine }: Writing,
  add: readonly Target[],
  groupId: (group: Group) => number,
): Promise<Map<string, number>> {
  if (add.length === 0) return new Map()
  await insertRows(trx, engine, {
    table: 'guacamole_connection',
    columns: ['connection_name', 'parent_id', 'protocol', 'proxy_hostname', 'proxy_port', 'proxy_encryption_method'],
    rows: add.map((target) => {
      const proxy = proxyColumns(target.attributes)
      return [
        target.name,
        groupId(target.group),
        target.protocol,
        proxy.proxy_hostname ?? null,
        proxy.proxy_port ?? null,
        proxy.proxy_encryption_method ?? null,
      ]
    }),
  })
  // Not every MySQL returns the ids of what it inserted.
  const found = await trx
    .selectFrom('guacamole_connection')
    .select(['connection_id as id', 'parent_id as parent', 'connection_name as name'])
    .where('parent_id', 'in', [...new Set(add.map((target) => groupId(target.group)))])
    .execute()
  const ids = new Map(found.map((row) => [`${row.parent} ${fold(row.name)}`, row.id]))
  return new Map(
    add.map(({ mark, group, name }) => [mark.id, ids.get(`${groupId(group)} ${fold(name)}`) ?? Number.NaN]),
  )
}

async function writeParameters({ trx, engine }: Writing, plan: TreePlan, connectionId: (id: string) => number) {
  const changed = plan.change.filter((one) => one.differs.includes('parameters'))
  const stale = changed.flatMap(({ held, target }) =>
    Object.keys(held.parameters ?? {})
      .filter((name) => target.parameters[name] === undefined)
      .map((name) => [Number(held.id), name] as const),
  )
  await deletePairs(trx, 'guacamole_connection_parameter', ['connection_id', 'parameter_name'], stale)
  const rows = [
    ...plan.add.map((target) => ({ target, before: {} as Readonly<Record<string, string>> })),
    ...changed.map(({ held, target }) => ({ target, before: held.parameters ?? {} })),
  ].flatMap(({ target, before }) =>
    Object.entries(target.parameters)
      .filter(([name, value]) => before[name] !== value)
      .map(([name, value]) => [connectionId(target.mark.id), name, value] as const),
  )
  await insertRows(trx, engine, {
    table: 'guacamole_connection_parameter',
    columns: ['connection_id', 'parameter_name', 'parameter_value'],
    rows,
    same: { key: ['connection_id', 'parameter_name'], update: 'parameter_value' },
  })
}

async function writeGrants(
  { trx, engine }: Writing,
  { grant, revoke }: TreePlan,
  groupId: (group: Group) => number,
  connectionId: (id: string) => number,
): Promise<void> {
  const readers = [...new Set([...grant, ...revoke].map((one) => one.reader))]
  const make = new Set(grant.map((one) => one.reader))
  const entities = await findUserGroups(trx, engine, readers, make)
  const pairs = (grants: readonly Grant[], onConnections: boolean) =>
    grants.flatMap(({ on, reader }) => {
      const entity = entities.get(reader)
      if (entity === undefined || (typeof on === 'string') !== onConnections) return []
      return [[entity, typeof on === 'string' ? connectionId(on) : groupId(on)] as const]
    })
  for (const [table, column, onConnections] of [
    ['guacamole_connection_permission', 'connection_id', true],
    ['guacamole_connection_group_permission', 'connection_group_id', false],
  ] as const) {
    const also = sql`and permission = 'READ'`
    await deletePairs(trx, table, ['entity_id', column], pairs(revoke, onConnections), also)
    await insertRows(trx, engine, {
      table,
      columns: ['entity_id', column, 'permission'],
      rows: pairs(grant, onConnections).map((pair) => [...pair, 'READ']),
      same: { key: ['entity_id', column, 'permission'] },
    })
  }
}

/**
 * A person may have put something into a group since it was read, and deleting a group deletes all in it. So the rows are
 * locked first, which waits for whoever is adding to them; what is empty then stays so.
 */
async function removeGroups(trx: GuacamoleDb, { removeGroups: groups }: TreePlan): Promise<void> {
  for (const level of levelsOf(groups.map((group) => ({ id: Number(group.id), parent: group.parent })))) {
    await trx
      .selectFrom('guacamole_connection_group')
      .select('connection_group_id')
      .where('connection_group_id', 'in', level)
      .forUpdate()
      .execute()
    const full = await trx
      .selectFrom('guacamole_connection')
      .select('parent_id as id')
      .where('parent_id', 'in', level)
      .union(trx.selectFrom('guacamole_connection_group').select('parent_id as id').where('parent_id', 'in', level))
      .execute()
    const empty = level.filter((id) => !full.some((row) => row.id === id))
    if (empty.length > 0) {
      await trx.deleteFrom('guacamole_connection_group').where('connection_group_id', 'in', empty).execute()
    }
  }
}

/** Innermost first: those of the list that are nobody's parent in it, then the rest. */
function levelsOf(groups: readonly { id: number; parent: string | undefined }[]): number[][] {
  if (groups.length === 0) return []
  const parents = new Set(groups.map((group) => Number(group.parent)))
  const leaves = groups.filter((group) => !parents.has(group.id))
  const rest = groups.filter((group) => parents.has(group.id))
  return [leaves.map((group) => group.id), ...levelsOf(rest)]
}
