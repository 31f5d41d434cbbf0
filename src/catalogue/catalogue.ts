import type { Connection } from '../model/connection.ts'
import type { Scope } from '../model/scope.ts'
import type { Database } from '../store/store.ts'

/** What is held, as far as the planner needs it: equal fingerprints need no write. */
export type Held = { id: string; instanceId: string; fingerprint: string }

export type CatalogueChanges = { put: readonly Connection[]; remove: readonly string[] }

/** Where connections are kept. `trx` is the scope's transaction: all of a plan is written, or nothing. */
export type Catalogue = {
  held(trx: Database, scope: Scope): Promise<Held[]>
  fingerprint(connection: Connection): string
  apply(trx: Database, changes: CatalogueChanges, now: number): Promise<void>
}
