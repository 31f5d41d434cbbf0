import { cloudWatchGroup } from '../audit/cloudwatch-group.ts'
import { createHeldTrail } from '../audit/held-trail.ts'
import type { LogGroup } from '../audit/log-group.ts'
import { createWriterNames } from '../audit/writer-names.ts'
import { createLogsClient } from '../aws/logs-client.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import { unlessAborted } from '../kernel/unless-aborted.ts'
import { createOutboxDrain } from '../reconcile/trail-outbox.ts'
import type { Store } from '../store/store.ts'

export const openTrailGroup = (region: string, name: string): LogGroup =>
  cloudWatchGroup(createLogsClient(region), name)

/**
 * Moves what the changes of an invocation left in the outbox into a chain of the function's own, for at most `ms`, a whole number. Never throws: what
 * is not moved by then stays, and the next invocation or a `serve` moves it.
 */
export function createOwnTrail(options: { group: LogGroup; store: Store; clock: Clock; log: Log }) {
  const { store, log } = options
  const trail = createHeldTrail({ ...options, names: createWriterNames({ ...options, prefix: 'writer' }) })
  const drain = createOutboxDrain({ store, trail, log })
  const isWaiting = async () =>
    (await store.db.selectFrom('trail_outbox').select('id').limit(1).executeTakeFirst()) !== undefined

  return async function record(ms: number): Promise<void> {
    const move = async () => {
      if (!(await isWaiting())) return
      await trail.hold(ms)
      await drain()
    }
    try {
      await unlessAborted(move(), AbortSignal.timeout(ms))
    } catch (error) {
      log.error({ reason: reasonOf(error) }, 'changes wait in the outbox for the trail')
    }
  }
}
