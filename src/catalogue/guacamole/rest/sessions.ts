import * as z from 'zod'
import type { Clock } from '../../../kernel/clock.ts'
import { reasonOf } from '../../../kernel/errors.ts'
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

/** Before it is asked again: a host that is gone lets each call wait for ten seconds. Less than followers wait for. */
const AWAY_MS = 20_000

/** Looks on every node, also when one of them fails. Sessions of others end for an administrator alone. */
export function closeSessionsOn(nodes: readonly RestSession[], clock: Clock): CloseSessions {
  const away = new Map<RestSession, { reason: string; until: number }>()
  return async (connections) => {
    const ended = new Set<string | null | undefined>(connections)
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
    for (const node of nodes) {
      if (clock.now() < (away.get(node)?.until ?? 0)) continue
      away.delete(node)
      await closeOn(node).catch((error: unknown) =>
        away.set(node, { reason: reasonOf(error), until: clock.now() + AWAY_MS }),
      )
    }
    const reasons = [...away.values()].map(({ reason }) => reason)
    return { staying, ...(reasons.length > 0 ? { away: reasons.join('; ') } : {}) }
  }
}
