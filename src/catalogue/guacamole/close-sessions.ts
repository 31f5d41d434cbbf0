import type { CloseSessions } from './guacamole.ts'

/** What could not be ended, because a node was away, is tried again with the next call, whatever that one is for. */
export function untilClosed(closeSessions: CloseSessions): CloseSessions {
  const pending = new Set<string>()
  return async (connections) => {
    for (const id of connections) pending.add(id)
    const some = [...pending]
    if (some.length > 0) await closeSessions(some)
    for (const id of some) pending.delete(id)
  }
}
