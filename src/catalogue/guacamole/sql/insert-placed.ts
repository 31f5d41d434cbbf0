import { type RawBuilder, sql } from 'kysely'
import { fold } from '../tree.ts'
import type { Writing } from './open-database.ts'
import { insertion, type Value } from './rows.ts'

type Placed = { name: string; parent: number | null }
type Table = {
  table: 'guacamole_connection' | 'guacamole_connection_group'
  id: string
  name: string
  /** Columns beside name and parent. */
  more: readonly string[]
}
export const CONNECTIONS: Table = {
  table: 'guacamole_connection',
  id: 'connection_id',
  name: 'connection_name',
  more: ['protocol', 'proxy_hostname', 'proxy_port', 'proxy_encryption_method'],
}
export const GROUPS: Table = {
  table: 'guacamole_connection_group',
  id: 'connection_group_id',
  name: 'connection_group_name',
  more: ['type'],
}

/** Inserts what has a name within a parent; the ids come in the order of the rows. */
export async function insertPlaced(
  { trx, dialect }: Writing,
  into: Table,
  rows: readonly (Placed & { more: readonly Value[] })[],
): Promise<number[]> {
  if (rows.length === 0) return []
  const columns = [into.name, 'parent_id', ...into.more]
  const values = rows.map(({ name, parent, more }) => [name, parent, ...more])
  const writes = insertion(dialect, { table: into.table, columns, rows: values })
  const shown = sql`${sql.ref(into.id)} as id, parent_id as parent, ${sql.ref(into.name)} as name`
  const run = async (query: RawBuilder<unknown>) => (await sql<Placed & { id: number }>`${query}`.execute(trx)).rows
  const found: (Placed & { id: number })[] = []
  for (const { query } of writes) {
    if (dialect === 'mysql') await run(query)
    else found.push(...(await run(sql`${query} returning ${shown}`)))
  }
  if (dialect === 'mysql') {
    const parents = [...new Set(rows.flatMap((row) => row.parent ?? []))]
    const there = parents.length > 0 ? sql`parent_id in (${sql.join(parents)})` : sql`parent_id is null`
    found.push(...(await run(sql`select ${shown} from ${sql.table(into.table)} where ${there}`)))
  }
  const key = ({ parent, name }: Placed) => `${parent} ${fold(name)}`
  const ids = new Map(found.map((row) => [key(row), row.id]))
  return rows.map((row) => ids.get(key(row)) ?? Number.NaN)
}
