import type { Database } from '../store/store.ts'
import { type Reader, visibleActions } from './reader.ts'

const names = (key: string): string[] => visibleActions.map((action) => `${action} ${key}`)

/** Notes that somebody asks as this reader, and takes away what it could see so far. */
export async function rememberReader(
  trx: Database,
  { reader, policyHash, now }: { reader: Reader; policyHash: string; now: number },
): Promise<void> {
  await trx.deleteFrom('visibility').where('reader', 'in', names(reader.key)).execute()
  const row = { reader: reader.key, data: JSON.stringify(reader), policy_hash: policyHash, seen_at: now }
  await trx
    .insertInto('readers')
    .values(row)
    .onConflict((conflict) => conflict.column('reader').doUpdateSet(row))
    .execute()
}

/** Nobody asked as them since then: groups that changed, policies that are no longer in force anywhere. */
export async function forgetReaders(trx: Database, since: number): Promise<void> {
  const gone = await trx.deleteFrom('readers').where('seen_at', '<', since).returning('reader').execute()
  for (const { reader } of gone) await trx.deleteFrom('visibility').where('reader', 'in', names(reader)).execute()
}
