import * as z from 'zod'
import { fingerprintOf, type HostKey, parseHostKey } from '../../gateway/host-keys.ts'
import { parseScope, type Scope } from '../../model/scope.ts'
import { type HostKeyList, hostKeyListSchema, hostKeysReplacementSchema } from '../contract/host-keys.ts'
import { portalErrors } from '../errors.ts'
import type { Parts } from '../parts.ts'
import { type Asked, defineRoute, type Route } from '../route.ts'

const params = z.object({ id: z.string().regex(/^[0-9a-f]{20}$/) })
const path = '/api/v1/connections/:id/host-keys'

/** The keys by which a host is known: a host that was rebuilt on purpose needs somebody who says so. */
export const hostKeyRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path,
    summary: 'The host keys pinned for the instance of a connection',
    action: 'administer',
    params,
    ask: ({ params, parts }) => askAdminister(parts, params.id),
    answer: { status: 200, description: 'All of them', schema: hostKeyListSchema },
    async handle({ params, parts, c }) {
      const { scope, instanceId } = await findHost(parts, params.id)
      return c.json(await listKeys(parts, scope, instanceId))
    },
  }),
  defineRoute({
    method: 'post',
    path,
    summary: 'Replace the pinned host keys; an empty list lets the next connect learn them anew',
    action: 'administer',
    params,
    body: hostKeysReplacementSchema,
    example: { keys: [] },
    ask: ({ params, parts }) => askAdminister(parts, params.id),
    answer: { status: 200, description: 'What is pinned now', schema: hostKeyListSchema },
    async handle({ params, body, parts, session, c }) {
      const { scope, instanceId } = await findHost(parts, params.id)
      const keys = readKeys(body.keys)
      await parts.trail.record({
        kind: 'host-key.replaced',
        actor: session.person.id,
        subject: instanceId,
        scope,
        source: 'claim',
        data: { keys: keys.map(({ algorithm, key }) => ({ algorithm, fingerprint: fingerprintOf(key) })) },
      })
      await parts.hostKeys.replace(scope, instanceId, keys)
      return c.json(await listKeys(parts, scope, instanceId))
    },
  }),
]

async function findHost({ store }: Parts, id: string): Promise<{ scope: Scope; instanceId: string }> {
  const row = await store.db
    .selectFrom('connections')
    .select(['scope', 'instance_id'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw portalErrors.CONNECTION_UNKNOWN()
  return { scope: parseScope(row.scope), instanceId: row.instance_id }
}

async function askAdminister(parts: Parts, id: string): Promise<Asked> {
  const { scope } = await findHost(parts, id)
  return { question: { action: 'administer' }, subject: id, scope }
}

async function listKeys({ hostKeys }: Parts, scope: Scope, instanceId: string): Promise<HostKeyList> {
  const pinned = await hostKeys.pinned(scope, instanceId)
  return {
    items: pinned.map(({ algorithm, key, learnedBy }) => ({ algorithm, fingerprint: fingerprintOf(key), learnedBy })),
  }
}

/** One key an algorithm; throws REQUEST_INVALID, naming each line that holds none. */
function readKeys(lines: readonly string[]): HostKey[] {
  const read = lines.map(parseHostKey)
  const faults = read.flatMap((key, at) => (key ? [] : [`keys.${at}: no host key of a kind that is known here`]))
  const keys = new Map(read.flatMap((key) => (key ? [[key.algorithm, key] as const] : [])))
  if (keys.size < read.length && faults.length === 0) faults.push('keys: two of one algorithm')
  if (faults.length > 0) throw portalErrors.REQUEST_INVALID({ faults: faults.join('; ') })
  return [...keys.values()]
}
