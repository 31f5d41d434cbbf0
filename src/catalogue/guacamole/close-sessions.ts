import type { CodedError } from '../../kernel/errors.ts'
import type { Refused } from './desire.ts'
import { guacamoleErrors } from './errors.ts'
import type { CloseSessions, OpenSessions } from './guacamole.ts'
import type { HeldConnection } from './tree.ts'

export const NONE_OPEN: OpenSessions = { staying: new Set() }

/** Of connections of one scope: where somebody stays, and what may still be ended when a node is back. */
export type ToldSessions = { refused: readonly Refused[]; again?: CodedError }

export type SessionCloser = {
  /** With all that could not be ended before, whatever it was for. Never rejects: nothing that is to be written waits for it. */
  close(connections: readonly string[]): Promise<OpenSessions>
  /** Nobody's session in them is ended any more: they are wanted again. */
  spare(connections: readonly string[]): void
  tell(connections: readonly HeldConnection[]): ToldSessions
}

/** What could not be ended is tried again with the next call, whatever that one is for. */
export function untilClosed(closeSessions: CloseSessions): SessionCloser {
  const pending = new Map<string, 'untried' | 'staying' | 'unknown'>()
  let reason = ''
  return {
    async close(connections) {
      for (const id of connections) pending.set(id, pending.get(id) ?? 'untried')
      const some = [...pending.keys()]
      if (some.length === 0) return NONE_OPEN
      const open = await closeSessions(some)
      reason = open.away ?? reason
      for (const id of some) {
        if (open.staying.has(id)) pending.set(id, 'staying')
        else if (open.away !== undefined) pending.set(id, 'unknown')
        else pending.delete(id)
      }
      return open
    },
    spare(connections) {
      for (const id of connections) pending.delete(id)
    },
    tell(connections) {
      const count = connections.filter(({ id }) => pending.get(id) === 'unknown').length
      const staying = new Set(connections.flatMap(({ id }) => (pending.get(id) === 'staying' ? [id] : [])))
      const refused = stayingIn(connections, staying)
      return count === 0 ? { refused } : { refused, again: guacamoleErrors.GUACAMOLE_SESSIONS_OPEN({ count, reason }) }
    },
  }
}

/**
 * Which of these may not be deleted now. A connection that is gone no longer tells which sessions were its own, and whoever would
 * have ended them may die first: so they end before.
 */
export async function closeBeforeDeleting(
  { close }: SessionCloser,
  connections: readonly string[],
): Promise<ReadonlySet<string>> {
  if (connections.length === 0) return new Set()
  const { staying, away } = await close(connections)
  return new Set(connections.filter((id) => away !== undefined || staying.has(id)))
}

/** Connections that somebody is in. */
export const stayingIn = (connections: readonly HeldConnection[], staying: ReadonlySet<string>): Refused[] =>
  connections.flatMap(({ id, name, mark }) =>
    mark && staying.has(id) ? [{ id: mark.id, error: guacamoleErrors.GUACAMOLE_SESSIONS_STAY({ name }) }] : [],
  )

/** Guacamole's ids of those that are held and desired. */
export function idsWanted(connections: readonly HeldConnection[], desired: readonly { id: string }[]): string[] {
  const wanted = new Set(desired.map(({ id }) => id))
  return connections.flatMap(({ id, mark }) => (mark && wanted.has(mark.id) ? [id] : []))
}
