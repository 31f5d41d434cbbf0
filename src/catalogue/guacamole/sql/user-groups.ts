import { fold } from '../tree.ts'
import type { Writing } from './open-database.ts'
import { insertion, write } from './rows.ts'

/** Entity ids of user groups by name; `make` creates those that are missing. */
export async function findUserGroups(
  to: Writing,
  names: readonly string[],
  make: ReadonlySet<string>,
): Promise<Map<string, number>> {
  if (names.length === 0) return new Map()
  const { trx, dialect } = to
  // MySQL's default collation takes two spellings for one name, as the web application then does.
  const same = (name: string) => (dialect === 'postgres' ? name : fold(name))
  const find = async (wanted: readonly string[]) => {
    const rows = await trx
      .selectFrom('guacamole_entity')
      .select(['entity_id', 'name'])
      .where('type', '=', 'USER_GROUP')
      .where('name', 'in', wanted)
      .execute()
    return new Map(rows.map((row) => [same(row.name), row.entity_id]))
  }
  const found = await find(names)
  const missing = names.filter((name) => make.has(name) && !found.has(same(name)))
  if (missing.length > 0) {
    const rows = missing.map((name) => [name, 'USER_GROUP'])
    const entities = {
      table: 'guacamole_entity',
      columns: ['name', 'type'],
      rows,
      same: { key: ['type', 'name'] },
    } as const
    await write(to, insertion(dialect, entities))
    const made = await find(missing)
    const ids = [...made.values()].map((id) => [id])
    const groups = {
      table: 'guacamole_user_group',
      columns: ['entity_id'],
      rows: ids,
      same: { key: ['entity_id'] },
    } as const
    await write(to, insertion(dialect, groups))
    for (const [name, id] of made) found.set(name, id)
  }
  return new Map(
    names.flatMap((name) => {
      const id = found.get(same(name))
      return id === undefined ? [] : [[name, id] as const]
    }),
  )
}
