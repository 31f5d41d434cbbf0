import { type RawBuilder, sql } from 'kysely'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import type { GuacamoleTables } from './tables.ts'

export type Value = string | number | null
type Engine = GuacamoleDatabase['engine']
type Table = keyof GuacamoleTables
type Write = RawBuilder<unknown>

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
function document(table: Table, columns: readonly string[], rows: readonly (readonly Value[])[]): Write {
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

export function insertion(engine: Engine, { table, columns, rows, same }: Insertion): Write[] {
  if (rows.length === 0) return []
  const into = sql`insert into ${sql.table(table)} (${names(columns)})`
  if (engine === 'postgres') {
    return [sql`${into} select ${names(columns)} from ${document(table, columns, rows)} ${onConflict(same)}`]
  }
  return chunks(rows, ROWS).map((some) => {
    const values = sql.join(some.map((row) => sql`(${sql.join([...row])})`))
    return sql`${into} values ${values} ${onDuplicate(same)}`
  })
}

function onConflict(same: Insertion['same']): Write {
  if (!same) return sql``
  if (!same.update) return sql`on conflict (${names(same.key)}) do nothing`
  const column = sql.ref(same.update)
  return sql`on conflict (${names(same.key)}) do update set ${column} = excluded.${column}`
}

function onDuplicate(same: Insertion['same']): Write {
  if (!same) return sql``
  const column = sql.ref(same.update ?? same.key[0])
  return same.update
    ? sql`on duplicate key update ${column} = values(${column})`
    : sql`on duplicate key update ${column} = ${column}`
}

/** Rows whose columns are one of `keys`. */
export function deletion(
  engine: Engine,
  table: Table,
  columns: readonly [string, ...string[]],
  keys: readonly (readonly Value[])[],
): Write[] {
  if (keys.length === 0) return []
  const from = sql`delete from ${sql.table(table)}`
  if (engine === 'postgres') {
    return [sql`${from} where (${names(columns)}) in (select ${names(columns)} from ${document(table, columns, keys)})`]
  }
  return chunks(keys, ROWS).map((some) => {
    const list = sql.join(some.map((key) => sql`(${sql.join([...key])})`))
    return sql`${from} where (${names(columns)}) in (${list})`
  })
}

type ConnectionUpdate = { id: number; set: Readonly<Record<string, string | number>> }

/** One UPDATE for many connections; a row that a column does not name keeps what it has. */
export function connectionUpdates(engine: Engine, rows: readonly ConnectionUpdate[]): Write[] {
  const table = 'guacamole_connection'
  const changed = rows.filter((row) => Object.keys(row.set).length > 0)
  return chunks(changed, engine === 'postgres' ? changed.length : CASES).map((some) => {
    const columns = [...new Set(some.flatMap((row) => Object.keys(row.set)))]
    if (engine === 'postgres') {
      const set = columns.map((column) => {
        const [is, was] = [sql.ref(`d.${column}`), sql.ref(`c.${column}`)]
        return sql`${sql.ref(column)} = coalesce(${is}, ${was})`
      })
      const values = some.map(({ id, set: given }) => [id, ...columns.map((column) => given[column] ?? null)])
      return sql`update ${sql.table(table)} c set ${sql.join(set)}
        from ${document(table, ['connection_id', ...columns], values)} d where c.connection_id = d.connection_id`
    }
    const set = columns.map((column) => {
      const cases = some.flatMap(({ id, set: { [column]: value } }) =>
        value === undefined ? [] : [sql`when ${id} then ${value}`],
      )
      // The last branch gives the whole its type.
      return sql`${sql.ref(column)} = case connection_id ${sql.join(cases, sql` `)} else ${sql.ref(column)} end`
    })
    const ids = sql.join(some.map((row) => row.id))
    return sql`update ${sql.table(table)} set ${sql.join(set)} where connection_id in (${ids})`
  })
}

/** Writes that do not need each other: one statement where the database takes several in one. */
export async function write(trx: GuacamoleDb, engine: Engine, writes: readonly Write[]): Promise<void> {
  if (engine === 'postgres' && writes.length > 1) {
    const parts = writes.map((one, at) => sql`${sql.ref(`w${at}`)} as (${one})`)
    await sql`with ${sql.join(parts)} select 1`.execute(trx)
  } else for (const one of writes) await one.execute(trx)
}
