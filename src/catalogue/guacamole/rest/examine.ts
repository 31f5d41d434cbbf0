import pLimit from 'p-limit'
import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import type { Desired } from '../tree.ts'
import type { RestTree } from './read-tree.ts'
import type { RestSession } from './session.ts'

const parametersSchema = z.record(z.string(), z.string())
const held = z.record(z.string(), z.array(z.string())).default({})
const permissions = z.object({ connectionPermissions: held, connectionGroupPermissions: held })
/** Calls at once where each object must be asked; Guacamole's own pool has ten database connections. */
export const AT_ONCE = 4

export async function readParameters(session: RestSession, id: string): Promise<Record<string, string>> {
  const path = `session/data/${await session.dataSource()}/connections/${id}/parameters`
  const { body, status } = await session.call('GET', path)
  const parameters = parametersSchema.safeParse(body).data
  if (parameters) return parameters
  throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `parameters of connection ${id}: status ${status}` })
}

/**
 * The tree with what it does not tell: the parameters of each connection of the scope, a call for each, and who may really read
 * what is ours, a call for each user group. So a difference is found that a person made behind the mark's back.
 */
export async function examine(
  session: RestSession,
  tree: RestTree,
  { scope, desired }: { scope: string; desired: readonly Desired[] },
): Promise<RestTree> {
  const marks = [...tree.connections, ...tree.groups].flatMap((one) => one.mark ?? [])
  const readers = [...new Set([...marks, ...desired].flatMap((one) => one.readers))]
  const granted = await grantsOf(session, readers)
  const limit = pLimit(AT_ONCE)
  return {
    ...tree,
    groups: tree.groups.map((group) =>
      group.mark ? { ...group, granted: granted.get(`connectionGroup ${group.id}`) ?? [] } : group,
    ),
    connections: await limit.map(tree.connections, async (one) => {
      if (one.mark?.scope !== scope) return one
      const parameters = await readParameters(session, one.id)
      return { ...one, parameters, granted: granted.get(`connection ${one.id}`) ?? [] }
    }),
  }
}

async function grantsOf(session: RestSession, readers: readonly string[]): Promise<Map<string, string[]>> {
  const granted = new Map<string, string[]>()
  const data = `session/data/${await session.dataSource()}`
  for (const reader of readers) {
    const { body, status } = await session.call('GET', `${data}/userGroups/${encodeURIComponent(reader)}/permissions`)
    if (status === 404) continue
    const given = permissions.safeParse(body).data
    if (!given) throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `permissions of ${reader}: status ${status}` })
    for (const kind of ['connection', 'connectionGroup'] as const) {
      for (const [id, all] of Object.entries(given[`${kind}Permissions`])) {
        const key = `${kind} ${id}`
        if (all.includes('READ')) granted.set(key, [...(granted.get(key) ?? []), reader])
      }
    }
  }
  return granted
}
