import * as z from 'zod'
import { guacamoleErrors } from '../errors.ts'
import type { CloseSessions } from '../guacamole.ts'
import { patchDirectory } from './batch.ts'
import type { RestSession } from './session.ts'

const activeSchema = z.record(
  z.string(),
  z.object({
    identifier: z.string(),
    connectionIdentifier: z.string().nullish(),
    startDate: z.number().nullish(),
    remoteHost: z.string().nullish(),
    username: z.string().nullish(),
  }),
)
export type ActiveConnection = z.infer<typeof activeSchema>[string]

/** Live sessions of one web application node; others are seen by their own nodes alone. The id is the history's uuid. */
export async function readActive(session: RestSession): Promise<ActiveConnection[]> {
  const { body, status } = await session.call('GET', `session/data/${await session.dataSource()}/activeConnections`)
  const active = activeSchema.safeParse(body)
  if (!active.success) throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `live sessions: status ${status}` })
  return Object.values(active.data)
}

/** Looks on every node, also when one of them fails; then it throws. Sessions of others end for an administrator alone. */
export function closeSessionsOn(nodes: readonly RestSession[]): CloseSessions {
  return async (connections) => {
    const ended = new Set<string | null | undefined>(connections)
    const failed: unknown[] = []
    const staying = new Set<string>()
    const closeOn = async (node: RestSession) => {
      const live = (await readActive(node)).filter((one) => ended.has(one.connectionIdentifier))
      const outcomes = await patchDirectory(
        node,
        `session/data/${await node.dataSource()}/activeConnections`,
        live.map((one) => ({ op: 'remove', path: `/${one.identifier}` })),
      )
      const done = (at: number) => 'identifier' in (outcomes[at] ?? {})
      const refused = new Set(live.flatMap(({ identifier }, at) => (done(at) ? [] : [identifier])))
      if (refused.size === 0) return
      // Refused is also what ended by itself meanwhile.
      for (const { identifier, connectionIdentifier } of await readActive(node)) {
        if (refused.has(identifier) && connectionIdentifier) staying.add(connectionIdentifier)
      }
    }
    for (const node of nodes) await closeOn(node).catch((error: unknown) => failed.push(error))
    if (failed.length > 0) throw failed[0]
    return { staying }
  }
}
