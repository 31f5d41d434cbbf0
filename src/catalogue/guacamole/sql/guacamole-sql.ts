import type { Clock } from '../../../kernel/clock.ts'
import { formatScope, type Scope } from '../../../model/scope.ts'
import type { Catalogue } from '../../catalogue.ts'
import { type DesireDeps, desire } from '../desire.ts'
import { createPlaces, upwards } from '../place-groups.ts'
import { isEmptyPlan, planTree } from '../plan-tree.ts'
import type { GuacamoleSettings } from '../settings.ts'
import { stepOf } from '../step.ts'
import type { Desired } from '../tree.ts'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import { readGroups, readNeighbours, readScope } from './read-tree.ts'
import { writePlan } from './write-plan.ts'

export type GuacamoleSqlDeps = DesireDeps & {
  database: GuacamoleDatabase
  settings: Pick<GuacamoleSettings, 'group' | 'endedGroup' | 'keepEnded'>
  clock: Clock
}

/** A stock Guacamole kept in step straight in its database: what is written is seen at once, open pages included. */
export function guacamoleSql(deps: GuacamoleSqlDeps): Catalogue {
  const { database, settings, clock } = deps

  const planFor = async (trx: GuacamoleDb, scope: Scope, desired: readonly Desired[]) => {
    const key = formatScope(scope)
    const groups = await readGroups(trx)
    const mine = await readScope(trx, key)
    const others = await readNeighbours(trx, touched(groups, mine, desired), mine)
    const held = { groups, connections: [...mine, ...others] }
    return { mine, plan: planTree({ scope: key, desired, held, rules: settings, now: clock.now() }) }
  }

  const touched = (
    groups: Parameters<typeof createPlaces>[0],
    mine: Awaited<ReturnType<typeof readScope>>,
    desired: readonly Desired[],
  ): string[] => {
    const places = createPlaces(groups)
    const paths = new Map(desired.map((one) => [JSON.stringify(one.path), one.path]))
    const leaves = [...[...paths.values()].map(places.at), ...mine.map((one) => places.ofHeld(one.parent))]
    return [...new Set(leaves.flatMap((leaf) => [...upwards(leaf)].flatMap((group) => group.held?.id ?? [])))]
  }

  return {
    keepInStep: (scope, wanted) =>
      database.alone(async (trx) => {
        const { desired, refused } = desire(await wanted(), deps)
        const { plan, mine } = await planFor(trx, scope, desired)
        if (!isEmptyPlan(plan)) await writePlan({ trx, engine: database.engine }, plan, mine)
        return stepOf(plan, refused)
      }),
  }
}
