import type { Stranger } from '../catalogue/guacamole/guacamole.ts'
import type { ConnectionMark } from '../catalogue/guacamole/mark.ts'
import type { Connection } from '../model/connection.ts'
import { formatScope } from '../model/scope.ts'

export type Match = { stranger: Stranger; connection: Connection; by: 'instance id' | 'address' }

/**
 * Which connection that somebody made is which of ours: by the instance id that guacscanner wrote on it, or by its address
 * and protocol. Only where there is one answer: two candidates are nobody's.
 */
export function matchStrangers(
  strangers: readonly Stranger[],
  connections: readonly Connection[],
  held: ReadonlySet<string>,
): Match[] {
  const free = connections.filter((one) => !held.has(one.id))
  const matches = strangers.flatMap((stranger): Match[] => {
    const fits = free.filter((one) => one.protocol === stranger.protocol)
    const byId = fits.filter((one) => stranger.instanceId === one.instanceId)
    const { hostname } = stranger
    const byAddress = fits.filter(
      ({ instance }) => hostname !== undefined && (hostname === instance.privateIp || hostname === instance.id),
    )
    const [found, more] = stranger.instanceId === undefined ? byAddress : byId
    const by = stranger.instanceId === undefined ? 'address' : 'instance id'
    return found && !more ? [{ stranger, connection: found, by }] : []
  })
  const claims = Map.groupBy(matches, (one) => one.connection.id)
  return matches.filter((one) => claims.get(one.connection.id)?.length === 1)
}

/** Without content and readers: the next pass writes both, and takes no grant away that it did not give. */
export const adoptedMark = ({ connection }: Match): ConnectionMark => ({
  v: 1,
  scope: formatScope(connection.scope),
  instance: connection.instanceId,
  id: connection.id,
  content: '',
  readers: [],
})
