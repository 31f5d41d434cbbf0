import type { InStep } from '../catalogue.ts'
import type { ToldSessions } from './close-sessions.ts'
import type { Refused } from './desire.ts'
import type { TreePlan } from './plan-tree.ts'
import type { HeldConnection } from './tree.ts'

/** A connection that is retired counts as removed: nobody can open it any more. */
export function stepOf(plan: TreePlan, refused: readonly Refused[], told: ToldSessions = { refused: [] }): InStep {
  const retired = plan.change.filter((one) => one.target.mark.retired !== undefined)
  const kept = plan.change.filter((one) => one.target.mark.retired === undefined)
  return {
    put: [...plan.add, ...kept.map((one) => one.target)].map((target) => target.mark.id),
    removed: [...retired.map((one) => one.target.mark.id), ...plan.remove.flatMap((one) => one.mark?.id ?? [])],
    ...told,
    refused: [...refused, ...plan.refused, ...told.refused],
  }
}

/** Guacamole's ids of connections that wait for their deletion. */
export const retiredIn = (connections: readonly HeldConnection[]): string[] =>
  connections.flatMap((one) => (one.mark?.retired === undefined ? [] : [one.id]))

/** Guacamole's ids of connections that nobody may use any more: their live sessions end. */
export const endedBy = (plan: TreePlan): string[] => [
  ...plan.change.filter((one) => one.target.mark.retired !== undefined).map((one) => one.held.id),
  ...plan.remove.filter((one) => one.mark?.retired === undefined).map((one) => one.id),
]
