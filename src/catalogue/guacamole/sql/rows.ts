import { type RawBuilder, sql } from 'kysely'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import type { GuacamoleTables } from './tables.ts'

export type Value = string | number | null
type Engine = GuacamoleDatabase['engine']

/** PostgreSQL takes 65,535 parameters a statement; no row of ours has more than seven. */
const ROWS = 8_000
/** A CASE is looked through row by row. */
const CASES = 1_000

export function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}

type Insert = {
  table: keyof GuacamoleTables
  columns: readonly string[]
  rows: readonly (readonly Value[])[]
  /** Columns that make a row the same; then `update` is written over, or nothing. Absent: rows are new. */
  same?: { key: readonly [string, ...string[]]; update?: string }
}

export async function insertRows(trx: GuacamoleDb, engine: Engine, { table, columns, rows, same }: Insert) {
  for (const some of chunks(rows, ROWS)) {
    const values = sql.join(some.map((row) => sql`(${sql.join([...row])})`))
    await sql`insert into ${sql.table(table)} (${names(columns)}) values ${values} ${onSame(engine, same)}`.execute(trx)
  }
}

const names = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)))

function onSame(engine: Engine, same: Insert['same']): RawBuilder<unknown> {
  if (!same) return sql``
  const column = sql.ref(same.update ?? same.key[0])
  if (engine === 'mysql') {
    return same.update
      ? sql`on duplicate key update ${column} = values(${column})`
      : sql`on duplicate key update ${column} = ${column}`
  }
  return same.update
    ? sql`on conflict (${names(same.key)}) do update set ${column} = excluded.${column}`
    : sql`on conflict (${names(same.key)}) do nothing`
}

/** One UPDATE for many connections; a row that a column does not name keeps what it has. */
export async function updateConnectionRows(
  trx: GuacamoleDb,
  rows: readonly { id: number; set: Readonly<Record<string, Value>> }[],
): Promise<void> {
  for (const some of chunks(rows, CASES)) {
    const columns = [...new Set(some.flatMap((row) => Object.keys(row.set)))]
    if (columns.length === 0) continue
    const set = columns.map((column) => {
      const cases = some.flatMap(({ id, set: { [column]: value } }) =>
        value === undefined ? [] : [sql`when ${id} then ${value}`],
      )
      // The last branch gives the whole its type.
      return sql`${sql.ref(column)} = case connection_id ${sql.join(cases, sql` `)} else ${sql.ref(column)} end`
    })
    const ids = sql.join(some.map((row) => row.id))
    await sql`update guacamole_connection set ${sql.join(set)} where connection_id in (${ids})`.execute(trx)
  }
}

export async function deletePairs(
  trx: GuacamoleDb,
  table: keyof GuacamoleTables,
  columns: readonly [string, string],
  pairs: readonly (readonly [Value, Value])[],
  also: RawBuilder<unknown> = sql``,
): Promise<void> {
  for (const some of chunks(pairs, ROWS)) {
    const list = sql.join(some.map(([a, b]) => sql`(${a}, ${b})`))
    await sql`delete from ${sql.table(table)} where (${names(columns)}) in (${list}) ${also}`.execute(trx)
  }
}
