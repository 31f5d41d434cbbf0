import pLimit from 'p-limit'
import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import type { Desired } from '../tree.ts'
import { type RestTree, unmarkedName } from './read-tree.ts'
import type { RestSession } from './session.ts'

const parametersSchema = z.record(z.string(), z.string())
const held = z.record(z.string(), z.array(z.string())).default({})
const userGroups = z.record(z.string(), z.unknown())
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

/** The tree with the parameters of these connections, a call for each. */
export async function withParameters(session: RestSession, tree: RestTree, ids: readonly string[]): Promise<RestTree> {
  const asked = new Set(ids)
  const limit = pLimit(AT_ONCE)
  const connections = await limit.map(tree.connections, async (one) =>
    asked.has(one.id) ? { ...one, parameters: await readParameters(session, one.id) } : one,
  )
  return { ...tree, connections }
}

type Wanted = { scope: string; desired: readonly Desired[] }

/** The tree with what it does not tell. So a difference is found that a person made behind the mark's back. */
export async function examine(session: RestSession, tree: RestTree, wanted: Wanted): Promise<RestTree> {
  const mine = tree.connections.filter((one) => one.mark?.scope === wanted.scope)
  const ids = mine.map((one) => one.id)
  return withGrants(session, await withParameters(session, tree, ids), wanted)
}

/** The tree with those who may really read what is ours, a call for each user group. */
export async function withGrants(session: RestSession, tree: RestTree, { scope, desired }: Wanted): Promise<RestTree> {
  const marks = [...tree.connections, ...tree.groups].flatMap((one) => one.mark ?? [])
  const readers = [...new Set([...marks, ...desired].flatMap((one) => one.readers))]
  const granted = await grantsOf(session, readers)
  return {
    ...tree,
    groups: tree.groups.map((group) =>
      group.mark ? { ...group, granted: granted.get(`connectionGroup ${group.id}`) ?? [] } : group,
    ),
    connections: tree.connections.map((one) =>
      one.mark?.scope === scope ? { ...one, granted: granted.get(`connection ${one.id}`) ?? [] } : one,
    ),
  }
}

/** Of what a pass that was cut short has made, and perhaps granted, nobody wrote down to whom: everybody's grants are asked for. */
export async function withReadersOfUnfinished(session: RestSession, tree: RestTree, scope: string): Promise<RestTree> {
  const isUnfinished = ({ name, mark }: RestTree['connections'][number]) =>
    mark?.scope === scope && name === unmarkedName(mark.id, scope)
  if (!tree.connections.some(isUnfinished)) return tree
  const { body, status } = await session.call('GET', `session/data/${await session.dataSource()}/userGroups`)
  const all = userGroups.safeParse(body).data
  if (!all) throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `the user groups: status ${status}` })
  const granted = await grantsOf(session, Object.keys(all))
  const connections = tree.connections.map((one) => {
    const readers = granted.get(`connection ${one.id}`)
    return one.mark && readers && isUnfinished(one) ? { ...one, mark: { ...one.mark, readers } } : one
  })
  return { ...tree, connections }
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
