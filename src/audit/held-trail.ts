import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { AuditEvent, Trail } from '../model/audit-event.ts'
import { auditErrors } from './errors.ts'
import type { LogGroup } from './log-group.ts'
import { type ChainedTrail, openLogTrail, type TrailState } from './trail.ts'
import type { WriterNames } from './writer-names.ts'

/**
 * The trail of a process that is frozen between its calls and is one of many (AWS Lambda). `hold` at the start of each call: it takes
 * a writer's name for the length of the call, and reads the end of that chain when the name was not ours a moment ago. Every record
 * is in CloudWatch Logs when `record` resolves; `flush` before the call ends waits for those nobody waits for.
 */
export type HeldTrail = Trail & {
  hold(ms: number): Promise<void>
  flush(): Promise<void>
  state(): TrailState
  close(): Promise<void>
}

type Hold = { trail: ChainedTrail; assertHeld(): void; extend(until: number): void }

const notHeld = () =>
  auditErrors.AUDIT_UNAVAILABLE({ reason: 'this process holds no writer of the trail at the moment' })

export function createHeldTrail(options: { group: LogGroup; names: WriterNames; clock: Clock; log: Log }): HeldTrail {
  const { group, names, clock, log } = options
  let held: Hold | undefined

  const begin = async (writer: string, firstUntil: number): Promise<Hold> => {
    let until = firstUntil
    // Of this hold and no other: what still waits under a name that was lost must not go when the next name is held.
    const assertHeld = () => {
      if (clock.now() >= until) throw notHeld()
    }
    const trail = await openLogTrail({ group, writer, clock, log, assertHeld })
    // Frozen while the end was read, this one would take the place of what a later call holds, and be extended with it.
    assertHeld()
    const extend = (to: number) => {
      until = to
    }
    return { trail, assertHeld, extend }
  }

  return {
    async hold(ms) {
      const { name, until, isNew } = await names.hold(ms)
      // Forgotten first: should the stream not be readable now, the next call must not go on from what it held before.
      if (isNew) held = undefined
      if (held) held.extend(until)
      else held = await begin(name, until)
    },
    async record(event: AuditEvent) {
      // Who writes on under a name that another may hold by now breaks its chain for ever.
      if (!held) throw notHeld()
      held.assertHeld()
      return held.trail.record(event)
    },
    flush: async () => held?.trail.flush(),
    state: () => held?.trail.state() ?? { writable: false, seq: 0, reason: 'no writer of the trail is held' },
    close: async () => held?.trail.close(),
  }
}
