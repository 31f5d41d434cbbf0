import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { storeErrors } from './errors.ts'
import { holdFile } from './hold-file.ts'
import { localNotify } from './local-notify.ts'
import { migrateToLatest } from './migrate.ts'
import { createMutex } from './mutex.ts'
import type { Schema } from './schema.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import type { Store } from './store.ts'

/** The embedded default: one file, one process, one fsync a commit. `path` may be `:memory:`. */
export async function openSqlite(path: string): Promise<Store> {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const guard = path === ':memory:' ? undefined : claim(path)
  const file = new DatabaseSync(path)
  file.exec('pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000')
  const db = new Kysely<Schema>({ dialect: sqliteDialect(file) })
  await migrateToLatest(db)
  const exclusively = createMutex()
  return {
    engine: 'sqlite',
    db,
    notify: localNotify(),
    withLock: (key, work) => exclusively(key, () => db.transaction().execute(work)),
    ping: async () => void file.prepare('select 1').get(),
    close: async () => {
      await db.destroy()
      guard?.release()
    },
  }
}

function claim(path: string): { release(): void } {
  try {
    return holdFile(`${path}.lock`, 0)
  } catch (cause) {
    throw storeErrors.STORE_IN_USE({ path }, { cause })
  }
}
