import type { Clock } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { parseScope } from '../model/scope.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { AbandonedSeal } from '../recording/seal-abandoned.ts'
import type { SessionEnds } from './session-ends.ts'
import type { SessionRows } from './session-rows.ts'

/**
 * Closes as `node-lost` what dead nodes and earlier lives of this one left behind, and seals it. Gives a round, which tells how many it
 * closed.
 */
export function createLostCloser(deps: {
  recordings: Pick<Recordings, 'sealAbandoned'>
  rows: SessionRows
  ends: SessionEnds
  tell: (event: AuditEvent) => Promise<void>
  isLiving: (id: string) => boolean
  clock: Clock
  log: Log
  node: string
}): () => Promise<number> {
  const { recordings, rows, ends, tell, isLiving, clock, log, node } = deps
  /** Sessions of other nodes, with the heartbeat that was too old a round ago. */
  let suspected = new Map<string, number>()

  const isDead = (session: { id: string; node: string; heartbeatAt: number }, suspects: Map<string, number>) => {
    if (session.node === node) return true
    suspects.set(session.id, session.heartbeatAt)
    // When the database was away, no heart has beaten: a living node has a round to show that it is one.
    return suspected.get(session.id) === session.heartbeatAt
  }

  return async () => {
    await ends.writeWaiting()
    const suspects = new Map<string, number>()
    let closed = 0
    for (const session of await rows.lost(node)) {
      const { id, personId, connectionId, startedAt, scope } = session
      if (isLiving(id) || !isDead(session, suspects)) continue
      // Two that close one session would seal it twice, the one without what the other still has on its disk.
      if (!(await rows.claim(session, node))) continue
      let sealed: AbandonedSeal | undefined
      try {
        sealed = await recordings.sealAbandoned(id, 'node-lost')
      } catch (error) {
        log.warn({ session: id, reason: reasonOf(error) }, 'the recording of a lost session could not be sealed')
        // The store is away: the session is closed when it is back.
        if (isCoded(error) && error.retryable) continue
      }
      const about = {
        actor: personId,
        subject: connectionId,
        scope: parseScope(scope),
        session: id,
        source: 'fact',
      } as const
      if (sealed)
        await tell({ ...about, kind: 'recording.sealed', subject: id, actor: 'system:gateway', data: { ...sealed } })
      const durationMs = sealed?.durationMs ?? clock.now() - startedAt
      await tell({ ...about, kind: 'session.disconnected', data: { reason: 'node-lost', durationMs } })
      await ends.write(id, 'node-lost', sealed ? 'sealed' : 'broken')
      closed += 1
    }
    suspected = suspects
    return closed
  }
}
