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

/**
 * Whether these may be deleted now. A connection that is gone no longer tells which sessions were its own, and whoever would have
 * ended them may die first: so they end before. Why not is thrown by the next call, where they are still pending.
 */
export async function closeBeforeDeleting(
  closeSessions: CloseSessions,
  connections: readonly string[],
): Promise<boolean> {
  if (connections.length === 0) return true
  return closeSessions(connections).then(
    () => true,
    () => false,
  )
}

/** What would be deleted is retired, until its sessions can be ended. */
export const deletingNothing = <R extends { keepEnded: number }>(rules: R): R => ({
  ...rules,
  keepEnded: Number.POSITIVE_INFINITY,
})
