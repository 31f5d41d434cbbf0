import pLimit from 'p-limit'
import type { Clock } from '../../../kernel/clock.ts'
import { formatScope } from '../../../model/scope.ts'
import { closeBeforeDeleting, idsWanted, untilClosed } from '../close-sessions.ts'
import { type DesireDeps, desire } from '../desire.ts'
import { guacamoleErrors } from '../errors.ts'
import type { CloseSessions, Guacamole } from '../guacamole.ts'
import { MARK, ownedBy, writeConnectionMark } from '../mark.ts'
import type { MarkLedger } from '../mark-ledger.ts'
import { linesOf } from '../plan-lines.ts'
import { isEmptyPlan, planTree } from '../plan-tree.ts'
import type { GuacamoleSettings } from '../settings.ts'
import { endedBy, retiredIn, stepOf } from '../step.ts'
import type { Desired } from '../tree.ts'
import { patchDirectory } from './batch.ts'
import { tidyCreatorRows } from './creator-rows.ts'
import { AT_ONCE, examine, readParameters, withGrants, withParameters, withReadersOfUnfinished } from './examine.ts'
import { keepMarks } from './keep-marks.ts'
import { type RestTree, readTree, seesEverything, unmarkedGroupNumber } from './read-tree.ts'
import type { RestSession } from './session.ts'
import { createTurns, type Turn } from './turns.ts'
import { writePlan } from './write-plan.ts'

export type GuacamoleRestDeps = DesireDeps & {
  session: RestSession
  settings: Pick<GuacamoleSettings, 'group' | 'endedGroup' | 'keepEnded'>
  clock: Clock
  /** One writer at a time for the whole of Guacamole: two that write the same names at once fail or deadlock there. */
  alone<T>(work: () => Promise<T>): Promise<T>
  closeSessions: CloseSessions
  /** Where marks are kept that this Guacamole forgets; without one such a Guacamole is refused. */
  ledger?: MarkLedger | undefined
  /** Reads parameters and grants too, a call for each connection. */
  deep?: boolean
  /** Without being deep: connections an hour whose parameters are read, in turn; 0 reads no grants either. */
  readAnHour?: number
  /** ms for which a tree that was read may answer that nothing is to be done; what is to be done is planned on a new one. */
  treeIsFresh?: number
}

/** A stock Guacamole (1.6 or later) kept in step by its REST API. */
export function guacamoleRest(deps: GuacamoleRestDeps): Guacamole {
  const { session, settings, clock, treeIsFresh = 30_000, readAnHour = 240 } = deps
  let last: { tree: RestTree; readAt: number } | undefined
  let seesAll: boolean | undefined
  const marks = keepMarks(deps)
  const turnOf = createTurns(deps.deep ? 0 : readAnHour)
  let tidy = false

  const readAll = async (): Promise<RestTree> => {
    seesAll ??= await seesEverything(session)
    const tree = await readTree(session, { seesAll, marks: await marks.elsewhere() })
    last = { tree, readAt: clock.now() }
    return tree
  }
  const planOn = (tree: RestTree, scope: string, desired: readonly Desired[], keep: ReadonlySet<string> = new Set()) =>
    planTree({ scope, desired, held: tree, rules: settings, now: clock.now(), keep })

  const look = async (scope: string, desired: readonly Desired[]) => {
    const read = await withReadersOfUnfinished(session, await readAll(), scope)
    const tree = deps.deep ? await examine(session, read, { scope, desired }) : read
    return { tree, plan: planOn(tree, scope, desired) }
  }
  const takeTurn = (tree: RestTree, scope: string) => turnOf(tree.connections, scope, clock.now())
  /** Of a tree in step: a change that the marks do not show, among what has its turn. */
  const planTurn = async (
    tree: RestTree,
    scope: string,
    desired: readonly Desired[],
    { parametersOf, grants, keep }: Turn & { keep?: ReadonlySet<string> },
  ) => {
    const read = parametersOf.length > 0 ? await withParameters(session, tree, parametersOf) : tree
    return planOn(grants ? await withGrants(session, read, { scope, desired }) : read, scope, desired, keep)
  }
  const sessions = untilClosed(deps.closeSessions)
  const tellSessions = (tree: RestTree, scope: string) =>
    sessions.tell(tree.connections.filter((one) => one.mark?.scope === scope))
  /** Of a process before this one: perhaps it could not end their sessions any more. */
  let endedBefore = true

  return {
    keepInStep: (scope, wanted) =>
      deps.alone(async () => {
        const key = formatScope(scope)
        const { desired, refused } = desire(await wanted(), deps)
        let turn: Turn | undefined
        const fresh = !deps.deep && last && clock.now() - last.readAt < treeIsFresh ? last.tree : undefined
        if (fresh && isEmptyPlan(planOn(fresh, key, desired))) {
          turn = takeTurn(fresh, key)
          const plan = await planTurn(fresh, key, desired, turn)
          if (isEmptyPlan(plan)) {
            await sessions.close([])
            return stepOf(plan, refused, tellSessions(fresh, key))
          }
        }
        const { tree, plan: first } = await look(key, desired)
        if (endedBefore) await sessions.close(retiredIn(tree.connections))
        endedBefore = false
        sessions.spare(idsWanted(tree.connections, desired))
        const deleting = first.remove.map(({ id }) => id)
        const keep = await closeBeforeDeleting(sessions, deleting)
        const shown = keep.size === 0 ? first : planOn(tree, key, desired, keep)
        const plan = isEmptyPlan(shown)
          ? await planTurn(tree, key, desired, { ...(turn ?? takeTurn(tree, key)), keep })
          : shown
        if (isEmptyPlan(plan)) {
          await sessions.close([])
          if (tree.seesAll && !tidy) await tidyCreatorRows(session, tree)
          tidy = true
          return stepOf(plan, refused, tellSessions(tree, key))
        }
        tidy = false
        last = undefined
        await marks.prove(unmarkedGroupNumber(tree))
        const notWritten = await writePlan(session, marks, plan, tree)
        await sessions.close(endedBy(plan))
        return stepOf(plan, [...refused, ...notWritten], tellSessions(tree, key))
      }),
    async plan(scope, wanted) {
      const { desired, refused } = desire(wanted, deps)
      const { tree, plan } = await look(formatScope(scope), desired)
      return { lines: linesOf(plan, tree), refused: [...refused, ...plan.refused] }
    },
    async strangers() {
      const { connections } = await readAll()
      const limit = pLimit(AT_ONCE)
      const unmarked = connections.filter((one) => !one.mark)
      const strangers = await limit.map(unmarked, async ({ id, name, protocol, attributes }) => {
        const { hostname } = await readParameters(session, id)
        return { id, name, protocol, hostname, instanceId: attributes['instance_id'] }
      })
      return { strangers, held: new Set(connections.flatMap((one) => one.mark?.id ?? [])) }
    },
    async owned() {
      const { connections } = await readAll()
      return new Map(
        connections.flatMap(({ id, protocol, mark }) => (mark ? [[id, { ...ownedBy(mark), protocol }] as const] : [])),
      )
    },
    adopt: (pairs) =>
      deps.alone(async () => {
        const tree = await readAll()
        const byId = new Map(tree.connections.map((one) => [one.id, one]))
        const limit = pLimit(AT_ONCE)
        await marks.prove(unmarkedGroupNumber(tree))
        const operations = await limit.map([...pairs], async ({ stranger, mark }) => {
          const { id, name, protocol, parent = 'ROOT', attributes } = byId.get(stranger) ?? gone(stranger)
          const parameters = await readParameters(session, id)
          const value = { identifier: id, name, protocol, parentIdentifier: parent, parameters }
          const marked = { ...attributes, [MARK]: writeConnectionMark(mark) }
          return { op: 'replace', path: `/${id}`, value: { ...value, attributes: marked } } as const
        })
        last = undefined
        const outcomes = await patchDirectory(
          session,
          `session/data/${await session.dataSource()}/connections`,
          operations,
        )
        for (const [at, outcome] of outcomes.entries()) {
          if ('identifier' in outcome) continue
          const what = `the adoption of connection ${pairs[at]?.stranger}`
          throw guacamoleErrors.GUACAMOLE_REFUSED({ what, reason: outcome.reason })
        }
        await marks.record(
          pairs.map(({ stranger, mark }) => [`connection ${stranger}`, writeConnectionMark(mark)] as const),
        )
      }),
    close: () => session.close(),
  }
}

function gone(id: string): never {
  throw guacamoleErrors.GUACAMOLE_REFUSED({
    what: `the adoption of connection ${id}`,
    reason: 'it is not there any more',
  })
}
