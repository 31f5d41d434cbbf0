import type { Clock } from '../../../kernel/clock.ts'
import type { Connection } from '../../../model/connection.ts'
import { formatScope, type Scope } from '../../../model/scope.ts'
import { closeBeforeDeleting, idsWanted, stayingIn, type ToldSessions, untilClosed } from '../close-sessions.ts'
import { type DesireDeps, desire } from '../desire.ts'
import type { CloseSessions, Guacamole } from '../guacamole.ts'
import { MARK, writeConnectionMark } from '../mark.ts'
import { createPlaces, upwards } from '../place-groups.ts'
import { linesOf } from '../plan-lines.ts'
import { isEmptyPlan, planTree } from '../plan-tree.ts'
import type { GuacamoleSettings } from '../settings.ts'
import { endedBy, retiredIn, stepOf } from '../step.ts'
import type { Desired, HeldConnection, HeldGroup } from '../tree.ts'
import { clashingName } from './name-clash.ts'
import type { GuacamoleDatabase, GuacamoleDb } from './open-database.ts'
import { closeAndLook, openInHistory } from './open-sessions.ts'
import { readGroups, readNeighbours, readScope } from './read-tree.ts'
import { insertion, write } from './rows.ts'
import { readOwned, readStrangers } from './strangers.ts'
import { writePlan } from './write-plan.ts'

/** Each is a pass that was rolled back; more of them are no accident. */
const MOST_CLASHES = 50

export type GuacamoleSqlDeps = DesireDeps & {
  database: GuacamoleDatabase
  settings: Pick<GuacamoleSettings, 'group' | 'endedGroup' | 'keepEnded'>
  clock: Clock
  /** Sessions live in the web application: its database cannot end them. */
  closeSessions?: CloseSessions | undefined
  /** Whether whoever ends them is shown all of them; unless told, they are. */
  seesSessions?: (() => Promise<boolean>) | undefined
}

/** A stock Guacamole kept in step straight in its database: what is written is seen at once, open pages included. */
export function guacamoleSql(deps: GuacamoleSqlDeps): Guacamole {
  const { database, settings, clock } = deps

  const look = async (
    trx: GuacamoleDb,
    scope: Scope,
    wanted: readonly Connection[],
    { avoid, keep }: { avoid?: ReadonlySet<string>; keep?: ReadonlySet<string> } = {},
  ) => {
    const { desired, refused } = desire(wanted, deps)
    const key = formatScope(scope)
    const groups = await readGroups(trx)
    const mine = await readScope(trx, database.engine, key)
    const others = await readNeighbours(trx, touched(groups, mine, desired), mine)
    const held = { groups, connections: [...mine, ...others] }
    const given = { ...(avoid ? { avoid } : {}), ...(keep ? { keep } : {}) }
    const plan = planTree({ scope: key, desired, held, rules: settings, now: clock.now(), ...given })
    return { plan, held, mine, refused, kept: idsWanted(mine, desired) }
  }

  const { seesSessions = async () => true } = deps
  const beside = { db: database.db, clock, seesSessions }
  const sessions = deps.closeSessions && untilClosed(closeAndLook(deps.closeSessions, beside))
  /** Scopes of which a process before this one may have left sessions open. */
  const seen = new Set<string>()

  /** One transaction, in which only connections of `closed` are deleted; where others would be, nothing is written. */
  const pass = async (
    scope: Scope,
    wanted: () => Promise<readonly Connection[]>,
    { keep, closed }: { keep: ReadonlySet<string>; closed: ReadonlySet<string> },
  ) => {
    const avoid = new Set<string>()
    for (;;) {
      try {
        return await database.alone(async (to) => {
          const { trx } = to
          const { plan, held, mine, refused, kept } = await look(trx, scope, await wanted(), { avoid, keep })
          const open = sessions ? plan.remove.map(({ id }) => id).filter((id) => !closed.has(id)) : []
          if (open.length > 0) return { open }
          const ended = endedBy(plan)
          const staying = sessions ? [] : await openSessions(trx, mine, ended)
          if (!isEmptyPlan(plan)) await writePlan(to, plan, held.connections)
          sessions?.spare(kept)
          const stepWith = (told?: ToldSessions) => stepOf(plan, [...refused, ...staying], told)
          return { open, stepWith, ended, mine, kept }
        })
      } catch (error) {
        const name = clashingName(error)
        if (name === undefined || avoid.has(name) || avoid.size >= MOST_CLASHES) throw error
        avoid.add(name)
      }
    }
  }

  return {
    async keepInStep(scope, wanted) {
      const closed = new Set<string>()
      const keep = new Set<string>()
      for (;;) {
        const done = await pass(scope, wanted, { keep, closed })
        if (done.stepWith) {
          const before = seen.has(formatScope(scope)) ? [] : retiredIn(done.mine)
          await sessions?.close([...before, ...done.ended])
          sessions?.spare(done.kept)
          seen.add(formatScope(scope))
          return done.stepWith(sessions?.tell(done.mine))
        }
        const open = sessions ? await closeBeforeDeleting(sessions, done.open) : new Set()
        for (const id of done.open) (open.has(id) ? keep : closed).add(id)
      }
    },
    plan: (scope, wanted) =>
      database.alone(async ({ trx }) => {
        const { plan, held, refused } = await look(trx, scope, wanted)
        return { lines: linesOf(plan, held), refused: [...refused, ...plan.refused] }
      }),
    strangers: () => readStrangers(database),
    owned: () => readOwned(database),
    adopt: (pairs) =>
      database.alone((to) =>
        write(
          to,
          insertion(to.dialect, {
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

/** Connections that end while somebody is in them, and stays: only the web application could end that. */
async function openSessions(trx: GuacamoleDb, mine: readonly HeldConnection[], ended: readonly string[]) {
  return stayingIn(mine, await openInHistory(trx, ended))
}

/** Groups that the scope stands in or will stand in, and all above them. */
function touched(groups: readonly HeldGroup[], mine: readonly HeldConnection[], desired: readonly Desired[]): string[] {
  const places = createPlaces(groups)
  const paths = new Map(desired.flatMap((one) => (one.refused ? [] : [[JSON.stringify(one.path), one.path] as const])))
  const leaves = [...[...paths.values()].map(places.at), ...mine.map((one) => places.ofHeld(one.parent))]
  return [...new Set(leaves.flatMap((leaf) => [...upwards(leaf)].flatMap((group) => group.held?.id ?? [])))]
}
