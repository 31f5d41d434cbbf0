import { DatabaseSync } from 'node:sqlite'

/** A look at the file of a `serve` that is running: SQLite's write-ahead log lets readers in. Nothing can be changed. */
export function readSqlite<T>(path: string, sql: string, read: (row: Record<string, unknown>) => T): T[] {
  const file = new DatabaseSync(path, { readOnly: true })
  try {
    return file.prepare(sql).all().map(read)
  } finally {
    file.close()
  }
}
