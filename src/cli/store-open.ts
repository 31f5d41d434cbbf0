import { resolve } from 'node:path'
import type { Loaded } from '../config/load-config.ts'
import { secretsOf } from '../config/secrets-of.ts'
import { openForReading, type ReadingStore } from '../store/open-for-reading.ts'

/** The database of the configuration, for a command that reads beside a `serve`. */
export function openStoreOf(loaded: Loaded): Promise<ReadingStore> {
  const { store } = loaded.config
  return openForReading(
    'sqlite' in store
      ? { sqlite: resolve(loaded.folder, store.sqlite) }
      : { postgres: secretsOf(loaded, process.env)('store.postgres', store.postgres) },
  )
}
