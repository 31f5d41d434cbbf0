import type { WebSession } from '../sign-in/web-sessions.ts'
import type { Parts } from './parts.ts'

/** Requests of one playback that come within this time are one use. */
const ONE_USE_MS = 30 * 60_000
const MOST = 10_000

/**
 * Before the first byte of a recording leaves, the trail says who plays it: once a playback, not once a slice.
 * Rejects with AUDIT_UNAVAILABLE, and then nothing is played.
 */
export function createPlaybackNotes() {
  const noted = new Map<string, number>()
  return {
    isNew(session: Pick<WebSession, 'hash'>, id: string, now: number): boolean {
      const at = noted.get(`${session.hash} ${id}`)
      return at === undefined || now - at > ONE_USE_MS
    },
    note(session: Pick<WebSession, 'hash'>, id: string, now: number): void {
      if (noted.size >= MOST) noted.clear()
      noted.set(`${session.hash} ${id}`, now)
    },
  }
}
export type PlaybackNotes = ReturnType<typeof createPlaybackNotes>

export async function notePlayed(parts: Parts, session: WebSession, id: string): Promise<void> {
  const now = parts.clock.now()
  if (!parts.playbacks.isNew(session, id, now)) return
  await parts.trail.record({
    kind: 'recording.played',
    actor: session.person.id,
    subject: id,
    session: id,
    source: 'fact',
    data: { person: session.person.name },
  })
  parts.playbacks.note(session, id, now)
}

export const noteExported = (parts: Parts, { person }: WebSession, id: string, format: string): Promise<void> =>
  parts.trail.record({
    kind: 'recording.exported',
    actor: person.id,
    subject: id,
    session: id,
    source: 'fact',
    data: { person: person.name, format },
  })
