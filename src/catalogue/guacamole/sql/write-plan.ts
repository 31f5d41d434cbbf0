import { MARK, writeConnectionMark, writeGroupMark } from '../mark.ts'
import { type Group, upwards } from '../place-groups.ts'
import type { Change, Grant, Target, TreePlan } from '../plan-tree.ts'
import type { HeldConnection } from '../tree.ts'
import { CONNECTIONS, GROUPS, insertPlaced } from './insert-placed.ts'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import { connectionUpdates, deletion, insertion, write } from './rows.ts'
import { proxyColumns } from './tables.ts'
import { findUserGroups } from './user-groups.ts'

type Writing = { trx: GuacamoleDb; engine: GuacamoleDatabase['engine'] }

/**
 * Writes a plan in the open transaction, by sets: how many statements it takes does not grow with the number of changes.
 * What frees a name comes before what takes it.
 */
export async function writePlan(to: Writing, plan: TreePlan, held: readonly HeldConnection[]): Promise<void> {
  const { trx, engine } = to
  const made = await makeGroups(to, plan)
  const groupId = (group: Group): number => Number(group.held?.id ?? made.get(group))
  const gone = plan.remove.map((one) => [Number(one.id)])
  await write(trx, engine, deletion(engine, 'guacamole_connection', ['connection_id'], gone))
  const parks = plan.park.map((one) => ({ id: Number(one.id), set: { connection_name: `enchilada ${one.id}` } }))
  await write(trx, engine, connectionUpdates(engine, parks))
  const parked = new Set(plan.park)
  const changes = plan.change.map((one) => ({
    id: Number(one.held.id),
    set: columnsOf(one, groupId, parked.has(one.held)),
  }))
  await write(trx, engine, connectionUpdates(engine, changes))
  const added = await addConnections(to, plan.add, groupId)
  const known = new Map(held.flatMap((one) => (one.mark ? [[one.mark.id, Number(one.id)] as const] : [])))
  const connectionId = (id: string): number => added.get(id) ?? known.get(id) ?? Number.NaN
  const entities = await readersIn(to, plan)
  await write(trx, engine, [
    ...parameterWrites(engine, plan, connectionId),
    ...markWrites(engine, plan, { groupId, connectionId }),
    ...grantWrites(engine, plan, { groupId, connectionId, entities }),
  ])
  await removeGroups(trx, plan)
}

/** Level by level: a child needs its parent's id. */
async function makeGroups({ trx, engine }: Writing, { newGroups }: TreePlan): Promise<Map<Group, number>> {
  const made = new Map<Group, number>()
  const levels = Map.groupBy(newGroups, ({ group }) => [...upwards(group)].length)
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    const rows = level.map(({ group }) => {
      const parent = group.parent ? Number(group.parent.held?.id ?? made.get(group.parent)) : null
      return { name: group.name, parent, more: ['ORGANIZATIONAL'] }
    })
    const ids = await insertPlaced(trx, engine, GROUPS, rows)
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
  { trx, engine }: Writing,
  add: readonly Target[],
  groupId: (group: Group) => number,
): Promise<Map<string, number>> {
  const rows = add.map((target) => {
    const proxy = proxyColumns(target.attributes)
    const { proxy_hostname = null, proxy_port = null, proxy_encryption_method = null } = proxy
    const more = [target.protocol, proxy_hostname, proxy_port, proxy_encryption_method]
    return { name: target.name, parent: groupId(target.group), more }
  })
  const ids = await insertPlaced(trx, engine, CONNECTIONS, rows)
  return new Map(add.map(({ mark }, at) => [mark.id, ids[at] ?? Number.NaN]))
}

function parameterWrites(engine: Writing['engine'], plan: TreePlan, connectionId: (id: string) => number) {
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
    ...deletion(engine, table, key, stale),
    ...insertion(engine, { table, columns, rows, same: { key, update: 'parameter_value' } }),
  ]
}

type Ids = { groupId: (group: Group) => number; connectionId: (id: string) => number }

function markWrites(engine: Writing['engine'], plan: TreePlan, { groupId, connectionId }: Ids) {
  const written = [...plan.add, ...plan.change.map((one) => one.target)]
  const marks = (table: 'guacamole_connection_attribute' | 'guacamole_connection_group_attribute', id: string) => ({
    table,
    columns: [id, 'attribute_name', 'attribute_value'],
    same: { key: [id, 'attribute_name'] as const, update: 'attribute_value' },
  })
  const groups = [...plan.newGroups, ...plan.groupMarks]
  return [
    ...insertion(engine, {
      ...marks('guacamole_connection_attribute', 'connection_id'),
      rows: written.map(({ mark }) => [connectionId(mark.id), MARK, writeConnectionMark(mark)]),
    }),
    ...insertion(engine, {
      ...marks('guacamole_connection_group_attribute', 'connection_group_id'),
      rows: groups.map((one) => [groupId(one.group), MARK, writeGroupMark(one.readers)]),
    }),
  ]
}

function readersIn({ trx, engine }: Writing, { grant, revoke }: TreePlan): Promise<Map<string, number>> {
  const readers = [...new Set([...grant, ...revoke].map((one) => one.reader))]
  return findUserGroups(trx, engine, readers, new Set(grant.map((one) => one.reader)))
}

function grantWrites(
  engine: Writing['engine'],
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
      ...deletion(engine, table, columns, rows(revoke, onConnections)),
      ...insertion(engine, { table, columns, rows: rows(grant, onConnections), same: { key: columns } }),
    ]
  })
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
