import type { Refused } from './desire.ts'
import { guacamoleErrors } from './errors.ts'
import type { CloseSessions, OpenSessions } from './guacamole.ts'
import type { HeldConnection } from './tree.ts'

export const NONE_OPEN: OpenSessions = { staying: new Set() }

export type SessionCloser = {
  /** With all that could not be ended before, whatever it was for; what is told is of these too. */
  close(connections: readonly string[]): Promise<OpenSessions>
  /** Nobody's session in them is ended any more: they are wanted again. */
  spare(connections: readonly string[]): void
}

/** What could not be ended is tried again with the next call, whatever that one is for. */
export function untilClosed(closeSessions: CloseSessions): SessionCloser {
  const pending = new Set<string>()
  return {
    async close(connections) {
      for (const id of connections) pending.add(id)
      const some = [...pending]
      if (some.length === 0) return NONE_OPEN
      const open = await closeSessions(some)
      for (const id of some) if (!open.staying.has(id)) pending.delete(id)
      return open
    },
    spare(connections) {
      for (const id of connections) pending.delete(id)
    },
  }
}

/**
 * Which of these may not be deleted now. A connection that is gone no longer tells which sessions were its own, and whoever would
 * have ended them may die first: so they end before. Why not is thrown by the next call, where they are still pending.
 */
export async function closeBeforeDeleting(
  { close }: SessionCloser,
  connections: readonly string[],
): Promise<ReadonlySet<string>> {
  if (connections.length === 0) return new Set()
  return close(connections).then(
    ({ staying }) => new Set(connections.filter((id) => staying.has(id))),
    () => new Set(connections),
  )
}

/** In whose connections somebody stays. */
export const stayingIn = (connections: readonly HeldConnection[], open: OpenSessions): Refused[] =>
  connections.flatMap(({ id, name, mark }) =>
    mark && open.staying.has(id) ? [{ id: mark.id, error: guacamoleErrors.GUACAMOLE_SESSIONS_STAY({ name }) }] : [],
  )

/** Guacamole's ids of those that are held and desired. */
export function idsWanted(connections: readonly HeldConnection[], desired: readonly { id: string }[]): string[] {
  const wanted = new Set(desired.map(({ id }) => id))
  return connections.flatMap(({ id, mark }) => (mark && wanted.has(mark.id) ? [id] : []))
}
