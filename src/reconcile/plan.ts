import { type Instance, isEnded } from '../model/instance.ts'
import type { Observation } from '../model/observation.ts'

/** A row of the ledger, as the planner sees it. */
export type Known = {
  instance: Instance
  seenAt: number
  missingSince: number | undefined
  endedAt: number | undefined
}

export type Plan = {
  /** Rows to write: new, changed, seen again or marked missing. */
  put: Known[]
  /** Instances that are gone for good: tombstones. */
  ended: { known: Known; why: 'terminated' | 'absent' }[]
  /** Removals by absence that the brake held back. */
  heldBack: string[]
  /** Ids that were asked for and that AWS does not know (yet). */
  unknown: string[]
}

export type PlanRules = {
  absenceProof: number
  /** Removals by absence beyond both of these are held back. */
  brake: { share: number; count: number }
}

export const BRAKE = { share: 0.2, count: 10 } as const

/**
 * From what is known and what was observed to what must be written. Pure; planning again after applying gives nothing.
 * An observation speaks about an instance only when it began after the last one that did.
 */
export function planChanges(known: ReadonlyMap<string, Known>, observation: Observation, rules: PlanRules): Plan {
  const plan: Plan = { put: [], ended: [], heldBack: [], unknown: [] }
  const { begunAt } = observation
  const seen = new Set<string>()
  for (const instance of observation.instances) {
    seen.add(instance.id)
    const before = known.get(instance.id)
    if (before && (before.endedAt !== undefined || before.seenAt > begunAt)) continue
    const now: Known = { instance, seenAt: begunAt, missingSince: undefined, endedAt: undefined }
    if (!isEnded(instance.state)) plan.put.push(now)
    else plan.ended.push({ known: { ...now, endedAt: begunAt }, why: 'terminated' })
  }
  if (!observation.complete) return plan
  if (observation.kind === 'ids') {
    plan.unknown = observation.asked.filter((id) => !seen.has(id) && known.get(id)?.endedAt === undefined)
    return plan
  }
  planAbsences(plan, known, seen, begunAt, rules)
  return plan
}

function planAbsences(
  plan: Plan,
  known: ReadonlyMap<string, Known>,
  seen: ReadonlySet<string>,
  begunAt: number,
  { absenceProof, brake }: PlanRules,
): void {
  const alive = [...known.values()].filter((one) => one.endedAt === undefined)
  const proven: Known[] = []
  for (const one of alive) {
    if (seen.has(one.instance.id) || one.seenAt > begunAt) continue
    if (one.missingSince === undefined) plan.put.push({ ...one, missingSince: begunAt })
    else if (begunAt - one.missingSince >= absenceProof) proven.push(one)
  }
  if (proven.length > brake.count && proven.length > alive.length * brake.share) {
    plan.heldBack = proven.map((one) => one.instance.id)
  } else {
    plan.ended.push(...proven.map((one) => ({ known: { ...one, endedAt: begunAt }, why: 'absent' as const })))
  }
}
