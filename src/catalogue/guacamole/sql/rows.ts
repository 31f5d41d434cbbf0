import { type RawBuilder, sql } from 'kysely'
import type { Dialect, Writing } from './open-database.ts'
import type { GuacamoleTables } from './tables.ts'

export type Value = string | number | null
type Table = keyof GuacamoleTables
type Sql = RawBuilder<unknown>
export type Write = { query: Sql; rows: number }

/** MySQL takes a statement of 4 MiB where nobody allowed more; a mark has about 300 bytes. */
const ROWS = 4_000
/** A CASE is looked through row by row. */
const CASES = 1_000

function chunks<T>(all: readonly T[], size: number): T[][] {
  const count = all.length === 0 ? 0 : Math.ceil(all.length / size)
  return Array.from({ length: count }, (_, at) => all.slice(at * size, (at + 1) * size))
}

const names = (columns: readonly string[], of?: string) =>
  sql.join(columns.map((column) => sql.ref(of === undefined ? column : `${of}.${column}`)))

/**
 * Rows as one parameter: PostgreSQL takes a document apart, enumerations too, far faster than it parses thousands of
 * placeholders, and any number of rows fits.
 */
function document(table: Table, columns: readonly string[], rows: readonly (readonly Value[])[]): Sql {
  const objects = rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at] ?? null])))
  return sql`json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(objects)}::json)`
}

export type Insertion = {
  table: Table
  columns: readonly string[]
  rows: readonly (readonly Value[])[]
  /** Columns that make a row the same; then `update` is written over, or nothing. Absent: rows are new. */
  same?: { key: readonly [string, ...string[]]; update?: string }
}

export function insertion(dialect: Dialect, { table, columns, rows, same }: Insertion): Write[] {
  if (rows.length === 0) return []
  const into = sql`insert into ${sql.table(table)} (${names(columns)})`
  if (dialect === 'postgres') {
    const query = sql`${into} select ${names(columns)} from ${document(table, columns, rows)} ${onConflict(same)}`
    return [{ query, rows: rows.length }]
  }
  return chunks(rows, ROWS).map((some) => {
    const values = sql.join(some.map((row) => sql`(${sql.join([...row])})`))
    return { query: sql`${into} values ${values} ${onDuplicate(same)}`, rows: some.length }
  })
}

function onConflict(same: Insertion['same']): Sql {
  if (!same) return sql``
  if (!same.update) return sql`on conflict (${names(same.key)}) do nothing`
  const column = sql.ref(same.update)
  return sql`on conflict (${names(same.key)}) do update set ${column} = excluded.${column}`
}

function onDuplicate(same: Insertion['same']): Sql {
  if (!same) return sql``
  const column = sql.ref(same.update ?? same.key[0])
  return same.update
    ? sql`on duplicate key update ${column} = values(${column})`
    : sql`on duplicate key update ${column} = ${column}`
}

/** Rows whose columns are one of `keys`. */
export function deletion(
  dialect: Dialect,
  table: Table,
  columns: readonly [string, ...string[]],
  keys: readonly (readonly Value[])[],
): Write[] {
  if (keys.length === 0) return []
  const from = sql`delete from ${sql.table(table)}`
  if (dialect === 'postgres') {
    const those = sql`select ${names(columns)} from ${document(table, columns, keys)}`
    return [{ query: sql`${from} where (${names(columns)}) in (${those})`, rows: keys.length }]
  }
  return chunks(keys, ROWS).map((some) => {
    const list = sql.join(some.map((key) => sql`(${sql.join([...key])})`))
    return { query: sql`${from} where (${names(columns)}) in (${list})`, rows: some.length }
  })
}

type ConnectionUpdate = { id: number; set: Readonly<Record<string, string | number>> }

/** One UPDATE for many connections; a row that a column does not name keeps what it has. */
export function connectionUpdates(dialect: Dialect, rows: readonly ConnectionUpdate[]): Write[] {
  const table = 'guacamole_connection'
  const changed = rows.filter((row) => Object.keys(row.set).length > 0)
  return chunks(changed, dialect === 'postgres' ? changed.length : CASES).map((some) => {
    const columns = [...new Set(some.flatMap((row) => Object.keys(row.set)))]
    if (dialect === 'postgres') {
      const set = columns.map((column) => {
        const [is, was] = [sql.ref(`d.${column}`), sql.ref(`c.${column}`)]
        return sql`${sql.ref(column)} = coalesce(${is}, ${was})`
      })
      const values = some.map(({ id, set: given }) => [id, ...columns.map((column) => given[column] ?? null)])
      const query = sql`update ${sql.table(table)} c set ${sql.join(set)}
        from ${document(table, ['connection_id', ...columns], values)} d where c.connection_id = d.connection_id`
      return { query, rows: some.length }
    }
    const set = columns.map((column) => {
      const cases = some.flatMap(({ id, set: { [column]: value } }) =>
        value === undefined ? [] : [sql`when ${id} then ${value}`],
      )
      // The last branch gives the whole its type.
      return sql`${sql.ref(column)} = case connection_id ${sql.join(cases, sql` `)} else ${sql.ref(column)} end`
    })
    const ids = sql.join(some.map((row) => row.id))
    const query = sql`update ${sql.table(table)} set ${sql.join(set)} where connection_id in (${ids})`
    return { query, rows: some.length }
  })
}

/** One step after the other; writes of one step do not need each other. Few statements, where the database takes several in one. */
export async function write({ trx, dialect }: Writing, ...steps: readonly (readonly Write[])[]): Promise<void> {
  const inTurn = steps.flat().map((one) => one.query)
  const all = { postgres: () => steps.map(together), mariadb: () => packed(steps.flat()), mysql: () => inTurn }[
    dialect
  ]()
  for (const one of all) await one?.execute(trx)
}

function together(writes: readonly Write[]): Sql | undefined {
  if (writes.length < 2) return writes[0]?.query
  return sql`with ${sql.join(writes.map(({ query }, at) => sql`${sql.ref(`w${at}`)} as (${query})`))} select 1`
}

/** Blocks, each no larger than one statement may be. */
function packed(writes: readonly Write[]): Sql[] {
  const packs: { queries: Sql[]; rows: number }[] = []
  for (const { query, rows } of writes) {
    const last = packs.at(-1)
    if (last && last.rows + rows <= ROWS) {
      last.queries.push(query)
      last.rows += rows
    } else packs.push({ queries: [query], rows })
  }
  return packs.map(({ queries }) => sql`begin not atomic ${sql.join(queries, sql`; `)}; end`)
}
