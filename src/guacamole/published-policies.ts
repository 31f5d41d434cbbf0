import type { PolicyFile } from '../policy/policy-set.ts'
import type { Database } from '../store/store.ts'
import { followErrors } from './errors.ts'

const ROW = 1

/** Tells whoever keeps a Guacamole in step elsewhere, and has no folder of policies, which files are in force. */
export async function publishPolicies(db: Database, files: readonly PolicyFile[]): Promise<void> {
  const row = { id: ROW, files: JSON.stringify(files) }
  await db
    .insertInto('guacamole_policies')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute()
}

/** Rejects with GUACAMOLE_POLICIES_NOT_PUBLISHED. */
export async function readPublishedPolicies(db: Database): Promise<PolicyFile[]> {
  const row = await db.selectFrom('guacamole_policies').select('files').where('id', '=', ROW).executeTakeFirst()
  if (!row) throw followErrors.GUACAMOLE_POLICIES_NOT_PUBLISHED()
  return JSON.parse(row.files)
}
