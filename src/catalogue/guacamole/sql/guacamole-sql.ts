import type { Clock } from '../../../kernel/clock.ts'
import type { Connection } from '../../../model/connection.ts'
import { formatScope, type Scope } from '../../../model/scope.ts'
import { type DesireDeps, desire } from '../desire.ts'
import type { CloseSessions, Guacamole } from '../guacamole.ts'
import { MARK, writeConnectionMark } from '../mark.ts'
import { createPlaces, upwards } from '../place-groups.ts'
import { linesOf } from '../plan-lines.ts'
import { isEmptyPlan, planTree } from '../plan-tree.ts'
import type { GuacamoleSettings } from '../settings.ts'
import { endedBy, stepOf } from '../step.ts'
import type { Desired, HeldConnection, HeldGroup } from '../tree.ts'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import { readGroups, readNeighbours, readScope } from './read-tree.ts'
import { insertion, write } from './rows.ts'
import { readStrangers } from './strangers.ts'
import { writePlan } from './write-plan.ts'

export type GuacamoleSqlDeps = DesireDeps & {
  database: GuacamoleDatabase
  settings: Pick<GuacamoleSettings, 'group' | 'endedGroup' | 'keepEnded'>
  clock: Clock
  /** Sessions live in the web application: its database cannot end them. */
  closeSessions?: CloseSessions | undefined
}

/** A stock Guacamole kept in step straight in its database: what is written is seen at once, open pages included. */
export function guacamoleSql(deps: GuacamoleSqlDeps): Guacamole {
  const { database, settings, clock } = deps
  const { engine } = database

  const look = async (trx: GuacamoleDb, scope: Scope, wanted: readonly Connection[]) => {
    const { desired, refused } = desire(wanted, deps)
    const key = formatScope(scope)
    const groups = await readGroups(trx)
    const mine = await readScope(trx, key)
    const others = await readNeighbours(trx, touched(groups, mine, desired), mine)
    const held = { groups, connections: [...mine, ...others] }
    return { plan: planTree({ scope: key, desired, held, rules: settings, now: clock.now() }), held, refused }
  }

  return {
    async keepInStep(scope, wanted) {
      const { step, ended } = await database.alone(async (trx) => {
        const { plan, held, refused } = await look(trx, scope, await wanted())
        if (!isEmptyPlan(plan)) await writePlan({ trx, engine }, plan, held.connections)
        return { step: stepOf(plan, refused), ended: endedBy(plan) }
      })
      if (ended.length > 0) await deps.closeSessions?.(ended)
      return step
    },
    plan: (scope, wanted) =>
      database.alone(async (trx) => {
        const { plan, held, refused } = await look(trx, scope, wanted)
        return { lines: linesOf(plan, held), refused }
      }),
    strangers: () => readStrangers(database),
    adopt: (pairs) =>
      database.alone((trx) =>
        write(
          trx,
          engine,
          insertion(engine, {
            table: 'guacamole_connection_attribute',
            columns: ['connection_id', 'attribute_name', 'attribute_value'],
            rows: pairs.map(({ stranger, mark }) => [Number(stranger), MARK, writeConnectionMark(mark)]),
            same: { key: ['connection_id', 'attribute_name'] },
          }),
        ),
      ),
    close: () => database.close(),
  }
}

/** Groups that the scope stands in or will stand in, and all above them. */
function touched(groups: readonly HeldGroup[], mine: readonly HeldConnection[], desired: readonly Desired[]): string[] {
  const places = createPlaces(groups)
  const paths = new Map(desired.map((one) => [JSON.stringify(one.path), one.path]))
  const leaves = [...[...paths.values()].map(places.at), ...mine.map((one) => places.ofHeld(one.parent))]
  return [...new Set(leaves.flatMap((leaf) => [...upwards(leaf)].flatMap((group) => group.held?.id ?? [])))]
}
