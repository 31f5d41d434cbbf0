import type { Clock } from '../../../kernel/clock.ts'
import { formatScope } from '../../../model/scope.ts'
import type { Catalogue } from '../../catalogue.ts'
import { type DesireDeps, desire } from '../desire.ts'
import { isEmptyPlan, planTree } from '../plan-tree.ts'
import type { GuacamoleSettings } from '../settings.ts'
import { stepOf } from '../step.ts'
import type { Desired } from '../tree.ts'
import { type RestTree, readTree } from './read-tree.ts'
import type { RestSession } from './session.ts'
import { writePlan } from './write-plan.ts'

export type GuacamoleRestDeps = DesireDeps & {
  session: RestSession
  settings: Pick<GuacamoleSettings, 'group' | 'endedGroup' | 'keepEnded'>
  clock: Clock
  /** One writer at a time for the whole of Guacamole: two that write the same names at once fail or deadlock there. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** ms for which a tree that was read may answer that nothing is to be done; what is to be done is planned on a new one. */
  treeIsFresh?: number
}

/** A stock Guacamole (1.6 or later) kept in step by its REST API. */
export function guacamoleRest(deps: GuacamoleRestDeps): Catalogue {
  const { session, settings, clock, treeIsFresh = 30_000 } = deps
  let last: { tree: RestTree; readAt: number } | undefined

  const read = async (): Promise<RestTree> => {
    const tree = await readTree(session)
    last = { tree, readAt: clock.now() }
    return tree
  }
  const planOn = (tree: RestTree, scope: string, desired: readonly Desired[]) =>
    planTree({ scope, desired, held: tree, rules: settings, now: clock.now() })

  return {
    keepInStep: (scope, wanted) =>
      deps.alone(async () => {
        const key = formatScope(scope)
        const { desired, refused } = desire(await wanted(), deps)
        if (last && clock.now() - last.readAt < treeIsFresh) {
          const plan = planOn(last.tree, key, desired)
          if (isEmptyPlan(plan)) return stepOf(plan, refused)
        }
        const tree = await read()
        const plan = planOn(tree, key, desired)
        if (isEmptyPlan(plan)) return stepOf(plan, refused)
        last = undefined
        return stepOf(plan, [...refused, ...(await writePlan(session, plan, tree))])
      }),
  }
}
