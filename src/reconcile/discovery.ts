import pLimit from 'p-limit'
import { besidesClosed, type Looking } from '../inventory/closed-accounts.ts'
import type { Directory } from '../inventory/directory.ts'
import type { EventQueue, Received } from '../inventory/event-queue.ts'
import type { DiscoverySettings } from '../inventory/settings.ts'
import type { Clock } from '../kernel/clock.ts'
import { reasonOf } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Log } from '../kernel/log.ts'
import type { Scope } from '../model/scope.ts'
import type { Applier } from './apply-observation.ts'
import { type DiscoveryCounts, noCounts } from './counts.ts'
import type { Departures } from './departures.ts'
import { createHintFollower } from './follow-hints.ts'
import { createSettler } from './settle-report.ts'

/** Discovery in one process: it polls the queue, sweeps, and applies what it sees. */
export type Discovery = {
  readonly counts: DiscoveryCounts
  /** Lists every scope. One bad account never blocks the others. */
  sweep(signal?: AbortSignal): Promise<{ scopes: number; incomplete: number; put: number; removed: number }>
  /** Polls and sweeps until the signal; resolves when all that was begun has ended. */
  run(signal: AbortSignal): Promise<void>
}

export type DiscoveryDeps = {
  settings: DiscoverySettings
  directory: Directory
  observer: Looking
  applier: Applier
  departures: Departures
  /** Absent: only the sweep finds changes. */
  queue: EventQueue | undefined
  clock: Clock
  log: Log
}

export function createDiscovery(deps: DiscoveryDeps): Discovery {
  const { settings, directory, queue, clock, log } = deps
  const observer = besidesClosed(deps.observer, directory, clock)
  const counts = noCounts()
  const settle = createSettler({ applier: deps.applier, departures: deps.departures, later: queue?.later, counts })
  const follow = createHintFollower({
    directory,
    observer,
    report: async (report) => void (await settle(report)),
    counts,
    clock,
    log,
  })

  /** What went is one matter, what there is another: an error here does not hold up the sweep. */
  const settleDepartures = async () => {
    const [accounts, regions] = [directory.listing(), directory.regionListing()]
    try {
      if (accounts) await settle({ accounts })
      if (regions) await settle({ regions })
    } catch (error) {
      log.error({ reason: reasonOf(error) }, 'accounts and regions that went keep their rows until the next sweep')
    }
  }

  const sweep = async (signal?: AbortSignal) => {
    await directory.refresh()
    const scopes = await directory.scopes()
    await settleDepartures()
    const sweepId = newId()
    const limit = pLimit(settings.concurrency)
    const totals = { scopes: 0, incomplete: 0, put: 0, removed: 0 }
    const one = async (scope: Scope) => {
      if (signal?.aborted) return
      try {
        const accountName = directory.account(scope.account)?.name
        const observation = await observer.observeListing(scope, sweepId)
        const applied = await settle({ observation: { ...observation, ...(accountName ? { accountName } : {}) } })
        counts.observations += 1
        counts.incomplete += observation.complete ? 0 : 1
        totals.incomplete += observation.complete ? 0 : 1
        totals.put += applied?.put ?? 0
        totals.removed += applied?.removed ?? 0
      } catch (error) {
        totals.incomplete += 1
        log.error({ scope, reason: reasonOf(error) }, 'a scope could not be swept')
      }
      totals.scopes += 1
    }
    await Promise.all(scopes.map((scope) => limit(one, scope)))
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
    const again = new Set(await follow(received))
    const split = (wanted: boolean): Received[] => received.filter((message) => again.has(message.id) === wanted)
    await from.acknowledge(split(false))
    await from.release(split(true))
  }

  return {
    counts,
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
