import type { DatabaseSync } from 'node:sqlite'
import { SqliteDialect } from 'kysely'

/** Node's own SQLite as Kysely takes it. */
export const sqliteDialect = (file: DatabaseSync): SqliteDialect =>
  new SqliteDialect({ database: asKyselyDatabase(file) })

function asKyselyDatabase(file: DatabaseSync) {
  return {
    close: () => file.close(),
    prepare(sql: string) {
      const statement = file.prepare(sql)
      return {
        reader: statement.columns().length > 0,
        all: (parameters: readonly unknown[]) => statement.all(...(parameters as (string | number | null)[])),
        run: (parameters: readonly unknown[]) => {
          const { changes, lastInsertRowid } = statement.run(...(parameters as (string | number | null)[]))
          return { changes, lastInsertRowid }
        },
        iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as (string | number | null)[])),
      }
    },
  }
}
