import type { Hint } from '../model/hint.ts'
import type { Report } from '../model/observation.ts'
import type { Applied, Applier } from './apply-observation.ts'
import type { DiscoveryCounts } from './counts.ts'
import type { Departures } from './departures.ts'

/** An id that AWS does not know yet is looked up again after these pauses, then left to the sweep. */
const LOOK_AGAIN_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000] as const

export type SettleDeps = {
  applier: Applier
  departures: Departures
  /** Absent without a queue: what is not known yet is found by the sweep. */
  later: ((hint: Hint, delayMs: number) => Promise<void>) | undefined
  counts: DiscoveryCounts
}

/** What an observation changes is written, and what it left open is asked again. Safe to repeat. */
export function createSettler({ applier, departures, later, counts }: SettleDeps) {
  return async function settle(report: Report): Promise<Applied | undefined> {
    if ('malformed' in report) {
      await applier.noteMalformed(report.malformed)
      return undefined
    }
    if ('accounts' in report) {
      counts.accountsHeldBack = await departures.settleAccounts(report.accounts)
      return undefined
    }
    if ('regions' in report) {
      counts.regionsHeldBack = await departures.settleRegions(report.regions)
      return undefined
    }
    const { observation } = report
    const applied = await applier.apply(observation)
    counts.put += applied.put
    counts.removed += applied.removed
    const pause = LOOK_AGAIN_MS[observation.attempt]
    if (applied.unknown.length > 0 && pause !== undefined) {
      await later?.({ scope: observation.scope, ids: applied.unknown, attempt: observation.attempt + 1 }, pause)
    }
    return applied
  }
}
