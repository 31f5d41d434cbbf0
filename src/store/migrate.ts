import { Migrator } from 'kysely/migration'
import { storeErrors } from './errors.ts'
import { migrations } from './migrations.ts'
import type { Database } from './store.ts'

/** Kysely holds a lock table while it migrates, so that two processes may start at once. */
export async function migrateToLatest(db: Database): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (!error) return
  const missing = /previously executed migration (\S+) is missing/.exec(String(error))
  if (missing) throw storeErrors.STORE_NEWER({ migration: missing[1] }, { cause: error })
  throw error
}
