import type { Parts } from './parts.ts'

type Ended = { hash: string; personId: string }

/**
 * Web sessions ended: their streams and sockets close now, and who is signed in nowhere any more loses the shells too.
 * Doors on other nodes notice at their next beat, or by the notice.
 */
export async function afterWebSessionsEnded(parts: Parts, ended: readonly Ended[]): Promise<void> {
  for (const { hash } of ended) parts.doors.closeOfSession(hash)
  for (const personId of new Set(ended.map((session) => session.personId))) {
    if (!(await parts.signIn.sessions.hasAny(personId))) {
      await parts.store.notify.publish('access-ended', { personId })
    }
  }
}

/** Somebody (a back-channel logout, an operator) says that a person lost access: nothing of theirs stays open here. */
export const onAccessEnded = (parts: Parts): (() => void) =>
  parts.store.notify.subscribe('access-ended', ({ personId }) => {
    parts.signIn.sessions.endAll({ personId }).catch((error: unknown) => {
      parts.log.error({ error, personId }, 'web sessions of a person without access could not be ended')
    })
    parts.doors.closeOfPerson(personId)
  })
