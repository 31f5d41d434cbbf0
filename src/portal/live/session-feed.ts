import { reasonOf } from '../../kernel/errors.ts'
import type { PortalDeps } from '../ports.ts'
import { readVisibleSession, type SessionReader } from '../queries/sessions.ts'
import type { Outbox } from './outbox.ts'

/** Tells browsers of sessions that began, changed or ended, if they may see them. */
export type SessionFeed = {
  follow(reader: SessionReader, outbox: Outbox): () => void
  close(): void
}

export function createSessionFeed({ store, log }: Pick<PortalDeps, 'store' | 'log'>): SessionFeed {
  const followers = new Map<Outbox, SessionReader>()
  const stop = store.notify.subscribe('session', ({ sessionId }) => {
    for (const [outbox, reader] of followers) {
      readVisibleSession(store.db, reader, sessionId).then(
        (session) => session && outbox.push({ event: 'session', data: session }),
        (error: unknown) => {
          log.error({ reason: reasonOf(error) }, 'a session could not be read: browsers read the list anew')
          outbox.push({ event: 'reset', data: {} })
        },
      )
    }
  })
  return {
    follow(reader, outbox) {
      followers.set(outbox, reader)
      return () => followers.delete(outbox)
    },
    close: stop,
  }
}
