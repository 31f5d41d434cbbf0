import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import type { RestSession } from './session.ts'

export type Operation =
  | { op: 'add'; path: '/'; value: object }
  | { op: 'replace'; path: string; value: object }
  | { op: 'remove'; path: string }

/** Guacamole's identifier, or why this one was refused while the others went through. */
export type Outcome = { identifier: string } | { reason: string }

/** Half of the web application's default limit of 2 MiB; a proxy's is often 1 MB. */
export const MOST_BYTES = 900_000
/** A thousand took the web application more than two minutes beside a busy table of permissions. */
export const MOST_OPERATIONS = 250

const outcomes = z.object({
  patches: z.array(
    z.object({
      identifier: z.string().nullish(),
      error: z.object({ key: z.string().nullish(), variables: z.record(z.string(), z.unknown()).nullish() }).nullish(),
    }),
  ),
})
const failure = z.object({ message: z.string() })

/**
 * Applies operations to one directory in as few requests as may be. A batch is all or nothing, so what Guacamole names as
 * bad is left out of the next try, and a batch that fails without a name is halved until the bad one stands alone.
 */
export async function patchDirectory(
  session: RestSession,
  directory: string,
  operations: readonly Operation[],
): Promise<Outcome[]> {
  const all: Outcome[] = []
  for (const batch of inBatches(operations)) all.push(...(await patchBatch(session, directory, batch)))
  return all
}

async function patchBatch(session: RestSession, directory: string, batch: readonly Operation[]): Promise<Outcome[]> {
  if (batch.length === 0) return []
  const { status, body } = await session.call('PATCH', directory, batch)
  const told = outcomes.safeParse(body).data?.patches
  if (status < 300) {
    if (told?.length !== batch.length) throw guacamoleErrors.GUACAMOLE_TOO_OLD()
    return told.map(({ identifier }) => ({ identifier: identifier ?? '' }))
  }
  if (status === 501) throw guacamoleErrors.GUACAMOLE_TOO_OLD()
  const bad = new Map((told ?? []).flatMap(({ error }, at) => (error ? [[at, reasonFrom(error)] as const] : [])))
  if (told?.length === batch.length && bad.size > 0) {
    const good = await patchBatch(
      session,
      directory,
      batch.filter((_, at) => !bad.has(at)),
    )
    return batch.map((_, at) => {
      const reason = bad.get(at)
      return reason === undefined ? (good.shift() ?? { reason: 'no answer' }) : { reason }
    })
  }
  if (batch.length === 1) return [{ reason: failure.safeParse(body).data?.message ?? `status ${status}` }]
  const half = Math.ceil(batch.length / 2)
  const first = await patchBatch(session, directory, batch.slice(0, half))
  return [...first, ...(await patchBatch(session, directory, batch.slice(half)))]
}

const reasonFrom = ({
  key,
  variables,
}: {
  key?: string | null | undefined
  variables?: Record<string, unknown> | null | undefined
}) => String(variables?.['MESSAGE'] ?? key ?? 'refused')

function inBatches(operations: readonly Operation[]): Operation[][] {
  const batches: Operation[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const operation of operations) {
    const size = Buffer.byteLength(JSON.stringify(operation)) + 1
    const last = batches.at(-1)
    if (last === undefined || bytes + size > MOST_BYTES || last.length >= MOST_OPERATIONS) {
      batches.push([operation])
      bytes = size
    } else {
      last.push(operation)
      bytes += size
    }
  }
  return batches
}
