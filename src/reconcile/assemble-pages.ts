import { type Observation, observationSchema } from '../model/observation.ts'
import { formatScope } from '../model/scope.ts'
import type { Database } from '../store/store.ts'

/** An observation cut into messages is whole when its last page has come, in whatever order. Undefined until then. */
export async function assemble(trx: Database, part: Observation, now: number): Promise<Observation | undefined> {
  if (part.pages === 1) return part
  const scope = formatScope(part.scope)
  const { begunAt, page, pages } = part
  await trx
    .insertInto('observation_pages')
    .values({ scope, begun_at: begunAt, page, pages, data: JSON.stringify(part), received_at: now })
    .onConflict((conflict) => conflict.columns(['scope', 'begun_at', 'page']).doNothing())
    .execute()
  const rows = await trx
    .selectFrom('observation_pages')
    .select('data')
    .where('scope', '=', scope)
    .where('begun_at', '=', begunAt)
    .orderBy('page')
    .execute()
  if (rows.length < pages) return undefined
  // Older ones that never became whole go with it.
  await trx.deleteFrom('observation_pages').where('scope', '=', scope).where('begun_at', '<=', begunAt).execute()
  const parts = rows.map((row) => observationSchema.parse(JSON.parse(row.data)))
  return {
    ...part,
    page: 1,
    pages: 1,
    complete: parts.every((one) => one.complete),
    instances: parts.flatMap((one) => one.instances),
  }
}

/** The other way: messages of at most `bytes` bytes of JSON each. */
export function cutIntoPages(observation: Observation, bytes = 200 * 1024): Observation[] {
  const chunks: Observation['instances'][] = [[]]
  let size = 0
  for (const instance of observation.instances) {
    const length = Buffer.byteLength(JSON.stringify(instance)) + 1
    if (size + length > bytes - 4096 && size > 0) {
      chunks.push([])
      size = 0
    }
    chunks.at(-1)?.push(instance)
    size += length
  }
  return chunks.map((instances, at) => ({ ...observation, page: at + 1, pages: chunks.length, instances }))
}
