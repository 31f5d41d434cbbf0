import { type Observation, observationSchema } from '../model/observation.ts'
import { formatScope } from '../model/scope.ts'
import type { Database } from '../store/store.ts'

/** Longer than a message lives in its queue: the rest of such a set will not come. */
const PATIENCE_MS = 5 * 24 * 3_600_000

/** An observation cut into messages is whole when its last page has come, in whatever order. Undefined until then. */
export async function assemble(trx: Database, part: Observation, now: number): Promise<Observation | undefined> {
  const whole = part.pages === 1 ? part : await addPage(trx, part, now)
  if (whole) await forgetPages(trx, whole, now)
  return whole
}

/** An observer of the version before gives its observations no id. */
const observationOf = ({ id, begunAt }: Observation): string => id ?? String(begunAt)

async function addPage(trx: Database, part: Observation, now: number): Promise<Observation | undefined> {
  const scope = formatScope(part.scope)
  const { begunAt, page, pages } = part
  const observation = observationOf(part)
  await trx
    .insertInto('observation_pages')
    .values({ scope, observation, begun_at: begunAt, page, pages, data: JSON.stringify(part), received_at: now })
    .onConflict((conflict) => conflict.columns(['scope', 'observation', 'page']).doNothing())
    .execute()
  const rows = await trx
    .selectFrom('observation_pages')
    .select('data')
    .where('scope', '=', scope)
    .where('observation', '=', observation)
    .orderBy('page')
    .execute()
  if (rows.length < pages) return undefined
  const parts = rows.map((row) => observationSchema.parse(JSON.parse(row.data)))
  return {
    ...part,
    page: 1,
    pages: 1,
    complete: parts.every((one) => one.complete),
    instances: parts.flatMap((one) => one.instances),
  }
}

/** A complete listing leaves nothing to say to what was begun before it; any other set takes itself along, and those that can end no more. */
async function forgetPages(trx: Database, whole: Observation, now: number): Promise<void> {
  const { scope, kind, complete, begunAt } = whole
  await trx
    .deleteFrom('observation_pages')
    .where('scope', '=', formatScope(scope))
    .where((row) =>
      row.or([
        kind === 'listing' && complete ? row('begun_at', '<=', begunAt) : row('observation', '=', observationOf(whole)),
        row('received_at', '<', now - PATIENCE_MS),
      ]),
    )
    .execute()
}

/** Bytes around an observation in its message, and more digits in the numbers of its pages. */
const ENVELOPE = 64

/** The other way: messages of at most `bytes` bytes of JSON each. */
export function cutIntoPages(observation: Observation, bytes = 200 * 1024): Observation[] {
  const room = bytes - Buffer.byteLength(JSON.stringify({ ...observation, instances: [] })) - ENVELOPE
  const chunks: Observation['instances'][] = [[]]
  let size = 0
  for (const instance of observation.instances) {
    const length = Buffer.byteLength(JSON.stringify(instance)) + 1
    if (size + length > room && size > 0) {
      chunks.push([])
      size = 0
    }
    chunks.at(-1)?.push(instance)
    size += length
  }
  return chunks.map((instances, at) => ({ ...observation, page: at + 1, pages: chunks.length, instances }))
}
