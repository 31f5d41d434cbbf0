import pLimit from 'p-limit'
import * as z from 'zod'
import type { Clock } from '../../../kernel/clock.ts'
import { formatScope } from '../../../model/scope.ts'
import { type DesireDeps, desire } from '../desire.ts'
import { guacamoleErrors } from '../errors.ts'
import type { CloseSessions, Guacamole } from '../guacamole.ts'
import { MARK, writeConnectionMark } from '../mark.ts'
import type { MarkLedger } from '../mark-ledger.ts'
import { linesOf } from '../plan-lines.ts'
import { isEmptyPlan, planTree } from '../plan-tree.ts'
import type { GuacamoleSettings } from '../settings.ts'
import { endedBy, stepOf } from '../step.ts'
import type { Desired } from '../tree.ts'
import { patchDirectory } from './batch.ts'
import { tidyCreatorRows } from './creator-rows.ts'
import { keepMarks } from './keep-marks.ts'
import { type RestTree, readTree, seesEverything, unmarkedGroupNumber } from './read-tree.ts'
import type { RestSession } from './session.ts'
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
  /** ms for which a tree that was read may answer that nothing is to be done; what is to be done is planned on a new one. */
  treeIsFresh?: number
}

const parametersSchema = z.record(z.string(), z.string())
/** Calls at once where each connection must be asked; Guacamole's own pool has ten database connections. */
const AT_ONCE = 4

/** A stock Guacamole (1.6 or later) kept in step by its REST API. */
export function guacamoleRest(deps: GuacamoleRestDeps): Guacamole {
  const { session, settings, clock, treeIsFresh = 30_000 } = deps
  let last: { tree: RestTree; readAt: number } | undefined
  let seesAll: boolean | undefined
  const marks = keepMarks(deps)
  let tidy = false

  const read = async (): Promise<RestTree> => {
    seesAll ??= await seesEverything(session)
    const tree = await readTree(session, { seesAll, marks: await marks.elsewhere() })
    last = { tree, readAt: clock.now() }
    return tree
  }
  const planOn = (tree: RestTree, scope: string, desired: readonly Desired[]) =>
    planTree({ scope, desired, held: tree, rules: settings, now: clock.now() })

  const parametersOf = async (id: string) => {
    const path = `session/data/${await session.dataSource()}/connections/${id}/parameters`
    const { body, status } = await session.call('GET', path)
    const parameters = parametersSchema.safeParse(body).data
    if (parameters) return parameters
    throw guacamoleErrors.GUACAMOLE_UNREACHABLE({ reason: `parameters of connection ${id}: status ${status}` })
  }

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
        if (isEmptyPlan(plan)) {
          if (tree.seesAll && !tidy) await tidyCreatorRows(session, tree)
          tidy = true
          return stepOf(plan, refused)
        }
        tidy = false
        last = undefined
        await marks.prove(unmarkedGroupNumber(tree))
        const step = stepOf(plan, [...refused, ...(await writePlan(session, marks, plan, tree))])
        const ended = endedBy(plan)
        if (ended.length > 0) await deps.closeSessions(ended)
        return step
      }),
    async plan(scope, wanted) {
      const { desired, refused } = desire(wanted, deps)
      const tree = await read()
      return { lines: linesOf(planOn(tree, formatScope(scope), desired), tree), refused }
    },
    async strangers() {
      const { connections } = await read()
      const limit = pLimit(AT_ONCE)
      const unmarked = connections.filter((one) => !one.mark)
      const strangers = await limit.map(unmarked, async ({ id, name, protocol, attributes }) => {
        const { hostname } = await parametersOf(id)
        return { id, name, protocol, hostname, instanceId: attributes['instance_id'] }
      })
      return { strangers, held: new Set(connections.flatMap((one) => one.mark?.id ?? [])) }
    },
    adopt: (pairs) =>
      deps.alone(async () => {
        const tree = await read()
        const byId = new Map(tree.connections.map((one) => [one.id, one]))
        const limit = pLimit(AT_ONCE)
        await marks.prove(unmarkedGroupNumber(tree))
        const operations = await limit.map([...pairs], async ({ stranger, mark }) => {
          const { id, name, protocol, parent = 'ROOT', attributes } = byId.get(stranger) ?? gone(stranger)
          const parameters = await parametersOf(id)
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
