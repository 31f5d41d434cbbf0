import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { parseScope } from '../model/scope.ts'
import type { Recordings } from '../recording/recordings.ts'
import type { SessionRows } from './session-rows.ts'

/** A session without a row may still be about to begin; refused ones never get one. */
const BEGINNING_MS = 600_000
/** What could not be sealed for so long will not be. */
const TRIED_FOR_MS = 7 * 86_400_000

/**
 * Seals what ended on this node while the store was away or the disk full, from the slices in the local folder. What another node has
 * sealed meanwhile is left as it is, and what that one did not have stays in the folder.
 */
export function createLaterSealer(deps: {
  recordings: Pick<Recordings, 'spooled' | 'sealAbandoned'>
  rows: SessionRows
  tell: (event: AuditEvent) => Promise<void>
  log: Log
  node: string
}): (now: number, isLiving: (id: string) => boolean) => Promise<void> {
  const { recordings, rows, tell, log, node } = deps
  const leftOver = new Set<string>()

  return async (now, isLiving) => {
    const broken = await rows.broken(node, now - TRIED_FOR_MS)
    const spooled = await recordings.spooled()
    const waiting = [...new Set([...broken, ...spooled])].filter((id) => !isLiving(id) && !leftOver.has(id))
    const known = await rows.read(waiting)
    for (const id of waiting) {
      const row = known.get(id)
      if (row ? row.endReason === null : now - timeOf(id) < BEGINNING_MS) continue
      try {
        const sealed = await recordings.sealAbandoned(id, row?.endReason ?? 'target-failed')
        if (sealed) {
          const scope = row ? { scope: parseScope(row.scope) } : {}
          const about = { actor: 'system:gateway', subject: id, session: id, source: 'fact', ...scope } as const
          await tell({ ...about, kind: 'recording.sealed', data: { ...sealed } })
        } else {
          leftOver.add(id)
          if (spooled.includes(id)) log.warn({ session: id }, 'sealed without what is still in the local folder')
        }
        await rows.sealed(id)
      } catch (error) {
        log.warn({ session: id, reason: reasonOf(error) }, 'a recording is not sealed yet; it is tried again')
      }
    }
  }
}

/** ms since 1970: the first 48 bits of a UUIDv7 (RFC 9562). */
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
