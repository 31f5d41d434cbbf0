import pLimit from 'p-limit'
import type { Directory } from '../inventory/directory.ts'
import type { EventQueue, Received } from '../inventory/event-queue.ts'
import { type Folded, foldHints, type Message } from '../inventory/fold-hints.ts'
import type { Observer } from '../inventory/observe.ts'
import type { DiscoverySettings } from '../inventory/settings.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Trail } from '../model/audit-event.ts'
import type { Observation } from '../model/observation.ts'
import type { Scope } from '../model/scope.ts'
import type { Applied } from './apply-observation.ts'

/** Counted since the process began; the portal's metrics read them. */
export type DiscoveryCounts = {
  messages: number
  malformed: number
  ignored: number
  hints: number
  sweeps: number
  observations: number
  incomplete: number
  put: number
  removed: number
  heldBack: number
}

export type Discovery = {
  readonly counts: DiscoveryCounts
  /** Handles one batch; returns the ids of messages to be tried again. Never throws. */
  handle(messages: readonly Message[]): Promise<string[]>
  /** Lists every scope. One bad account never blocks the others. */
  sweep(signal?: AbortSignal): Promise<{ scopes: number; incomplete: number; put: number; removed: number }>
  /** Polls and sweeps until the signal; resolves when all that was begun has ended. */
  run(signal: AbortSignal): Promise<void>
}

export type DiscoveryDeps = {
  settings: DiscoverySettings
  directory: Directory
  observer: Pick<Observer, 'observeIds' | 'observeListing'>
  apply: (observation: Observation) => Promise<Applied>
  /** Absent: only the sweep finds changes. */
  queue: EventQueue | undefined
  trail: Trail
  clock: Clock
  log: Log
}

/** An id that AWS does not know yet is looked up again after these pauses, then left to the sweep. */
const LOOK_AGAIN_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000] as const

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { settings, directory, observer, queue, clock, log } = deps
  const counts: DiscoveryCounts = {
    messages: 0,
    malformed: 0,
    ignored: 0,
    hints: 0,
    sweeps: 0,
    observations: 0,
    incomplete: 0,
    put: 0,
    removed: 0,
    heldBack: 0,
  }

  const settle = async (observation: Observation): Promise<Applied> => {
    const applied = await deps.apply(observation)
    counts.observations += 1
    counts.incomplete += observation.complete ? 0 : 1
    counts.put += applied.put
    counts.removed += applied.removed
    counts.heldBack = applied.heldBack
    return applied
  }

  /** True when the work is done and its messages may go. */
  const lookUp = async ({ scope, ids, attempt }: Folded['work'][number]): Promise<boolean> => {
    counts.hints += 1
    const observation = await observer.observeIds(scope, ids)
    const { unknown } = await settle(observation)
    const pause = LOOK_AGAIN_MS[attempt]
    if (unknown.length > 0 && pause !== undefined) {
      await queue?.later({ scope, ids: unknown, attempt: attempt + 1 }, pause)
    }
    return observation.complete || isByDesign(observation)
  }

  const noteMalformed = async (malformed: Folded['malformed']) => {
    for (const { id, reason } of malformed) {
      counts.malformed += 1
      const event = { kind: 'discovery.malformed', actor: 'system:discovery', subject: id, source: 'claim' } as const
      await deps.trail.record({ ...event, data: { reason } })
    }
  }

  const handle = async (messages: readonly Message[]): Promise<string[]> => {
    counts.messages += messages.length
    const folded = foldHints(messages, directory.scopeOf)
    counts.ignored += folded.ignored.length
    const { work, ignored, malformed } = folded
    log.debug({ messages: messages.length, work: work.length, ignored, malformed: malformed.length }, 'events came')
    const again: string[] = []
    const attempt = async (ids: readonly string[], work: () => Promise<boolean>) => {
      try {
        if (!(await work())) again.push(...ids)
      } catch (error) {
        log.warn({ reason: reasonOf(error), messages: ids.length }, 'events could not be handled; they come again')
        again.push(...ids)
      }
    }
    await attempt(
      folded.malformed.map((one) => one.id),
      async () => {
        await noteMalformed(folded.malformed)
        return true
      },
    )
    await Promise.all(folded.work.map((work) => attempt(work.messages, () => lookUp(work))))
    return again
  }

  const sweep = async (signal?: AbortSignal) => {
    await directory.refresh()
    const sweepId = newId()
    const limit = pLimit(settings.concurrency)
    const totals = { scopes: 0, incomplete: 0, put: 0, removed: 0 }
    const one = async (scope: Scope) => {
      if (signal?.aborted) return
      try {
        const observation = await observer.observeListing(scope, sweepId)
        const applied = await settle(observation)
        totals.incomplete += observation.complete ? 0 : 1
        totals.put += applied.put
        totals.removed += applied.removed
      } catch (error) {
        totals.incomplete += 1
        log.error({ scope, reason: reasonOf(error) }, 'a scope could not be swept')
      }
      totals.scopes += 1
    }
    await Promise.all(directory.scopes().map((scope) => limit(one, scope)))
    counts.sweeps += 1
    log.info({ sweepId, ...totals }, 'swept')
    return totals
  }

  /** Repeats `work`, with a pause, until the signal; an error costs a pause of five seconds. */
  const repeat = async (signal: AbortSignal, what: string, pauseMs: number, work: () => Promise<void>) => {
    while (!signal.aborted) {
      let pause = pauseMs
      try {
        await work()
      } catch (error) {
        if (signal.aborted) return
        log.warn({ reason: reasonOf(error) }, `${what} failed; trying again`)
        pause = Math.min(pauseMs || 5_000, 5_000)
      }
      if (pause > 0) await clock.sleep(pause, signal).catch(() => undefined)
    }
  }

  const poll = async (from: EventQueue, signal: AbortSignal) => {
    const received = await from.receive(signal)
    if (received.length === 0) return
    const again = new Set(await handle(received))
    const split = (wanted: boolean): Received[] => received.filter((message) => again.has(message.id) === wanted)
    await from.acknowledge(split(false))
    await from.release(split(true))
  }

  return {
    counts,
    handle,
    sweep,
    async run(signal) {
      // Events name accounts: without the list of ours they would all be ignored.
      await repeatUntilDone(signal, () => directory.refresh(), clock, log)
      await Promise.all([
        repeat(signal, 'the sweep', settings.sweepEvery, async () => void (await sweep(signal))),
        ...(queue ? [1, 2].map(() => repeat(signal, 'the event queue', 0, () => poll(queue, signal))) : []),
      ])
    },
  }
}

/** Denied, closed and disabled are states of the scope: asking again at once would not change them. */
const isByDesign = ({ reason }: Observation): boolean =>
  reason === 'denied' || reason === 'closed' || reason === 'disabled'

async function repeatUntilDone(signal: AbortSignal, work: () => Promise<void>, clock: Clock, log: Log): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work()
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'the accounts could not be listed; trying again')
      await clock.sleep(5_000, signal).catch(() => undefined)
    }
  }
}
