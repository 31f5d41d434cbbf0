import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { parseScope } from '../model/scope.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { SessionRows } from './session-rows.ts'

/** A session without a row may still be about to begin; refused ones never get one. */
const BEGINNING_MS = 600_000

/**
 * Seals what ended while the store was away or the disk full, from the slices in the local folder. Those of sessions that go on are left
 * alone, and so is what another node has sealed meanwhile: then the rest stays in the folder, and is said once.
 */
export function createLaterSealer(deps: {
  recordings: Pick<Recordings, 'spooled' | 'sealAbandoned'>
  rows: SessionRows
  tell: (event: AuditEvent) => Promise<void>
  log: Log
}): (now: number, isLiving: (id: string) => boolean) => Promise<number> {
  const { recordings, rows, tell, log } = deps
  const leftOver = new Set<string>()

  return async (now, isLiving) => {
    const waiting = (await recordings.spooled()).filter((id) => !isLiving(id) && !leftOver.has(id))
    const ended = await rows.read(waiting)
    let count = 0
    for (const id of waiting) {
      const row = ended.get(id)
      if (row ? row.endReason === null : now - timeOf(id) < BEGINNING_MS) continue
      try {
        const sealed = await recordings.sealAbandoned(id, row?.endReason ?? 'target-failed')
        if (!sealed) {
          leftOver.add(id)
          log.warn(
            { session: id },
            'another node has sealed this recording; what it did not have is in the local folder',
          )
          continue
        }
        const scope = row ? { scope: parseScope(row.scope) } : {}
        const about = { actor: 'system:gateway', subject: id, session: id, source: 'fact', ...scope } as const
        await tell({ ...about, kind: 'recording.sealed', data: { ...sealed } })
        await rows.sealed(id)
        count += 1
      } catch (error) {
        log.warn({ session: id, reason: reasonOf(error) }, 'a recording is not sealed yet; it is tried again')
      }
    }
    return count
  }
}

/** ms since 1970: the first 48 bits of a UUIDv7 (RFC 9562). */
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
