import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { SessionEndReason } from '../model/session.ts'
import type { SessionRows } from './session-rows.ts'

type End = [reason: SessionEndReason, recording: 'sealed' | 'broken']

/** Ends that were told, on their way into the database. One that it does not take waits here: a row without an end looks as if its node had died. */
export type SessionEnds = {
  /** Never rejects. */
  write(id: string, ...end: End): Promise<void>
  waits(id: string): boolean
  writeWaiting(): Promise<void>
}

export function createSessionEnds({ rows, log }: { rows: Pick<SessionRows, 'end'>; log: Log }): SessionEnds {
  const waiting = new Map<string, End>()
  const write = async (id: string, ...end: End) => {
    waiting.set(id, end)
    try {
      await rows.end(id, ...end)
      waiting.delete(id)
    } catch (error) {
      log.error({ session: id, reason: reasonOf(error) }, 'the end of a session is not in the database yet')
    }
  }
  return {
    write,
    waits: (id) => waiting.has(id),
    async writeWaiting() {
      for (const [id, end] of [...waiting]) await write(id, ...end)
    },
  }
}
