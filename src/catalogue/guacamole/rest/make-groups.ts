import type { CodedError } from '../../../kernel/errors.ts'
import { guacamoleErrors } from '../errors.ts'
import { MARK, writeGroupMark } from '../mark.ts'
import { type Group, upwards } from '../place-groups.ts'
import type { TreePlan } from '../plan-tree.ts'
import { type Operation, type Outcome, patchDirectory } from './batch.ts'
import type { MarkKeeper } from './keep-marks.ts'
import type { MarkedGroup } from './mark-groups.ts'
import { unmarkedGroupName } from './read-tree.ts'
import type { RestSession } from './session.ts'

export const refused = (what: string, reason: string) => guacamoleErrors.GUACAMOLE_REFUSED({ what, reason })

export const replace = (id: string, whole: object): Operation => ({
  op: 'replace',
  path: `/${id}`,
  value: { identifier: id, ...whole },
})

type To = { session: RestSession; data: string; marks: Pick<MarkKeeper, 'record'> }

/**
 * Made level by level, because a child needs its parent's id; then all are named and marked at once, `early` ones that were there
 * with them. Such marks say whom their groups will be granted to: until a connection that is finished has that reader, the planner
 * does not believe it.
 */
export async function makeGroups(
  to: To,
  newGroups: TreePlan['newGroups'],
  { free, early }: { free: number; early: readonly MarkedGroup[] },
): Promise<Map<Group, string>> {
  const { session, data, marks } = to
  const made = new Map<Group, string>()
  const directory = `${data}/connectionGroups`
  const value = (group: Group, name: string, attributes: object) => {
    const parentIdentifier = group.parent ? (group.parent.held?.id ?? made.get(group.parent)) : 'ROOT'
    if (parentIdentifier === undefined) throw refused(`the group ${name}`, 'its parent could not be made')
    return { name, parentIdentifier, type: 'ORGANIZATIONAL', attributes }
  }
  const levels = Map.groupBy(newGroups, ({ group }) => [...upwards(group)].length)
  let number = free
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    const adds = level.map(({ group }): Operation => {
      const name = unmarkedGroupName(number)
      number += 1
      return { op: 'add', path: '/', value: value(group, name, {}) }
    })
    const outcomes = await patchDirectory(session, directory, adds)
    for (const [at, { group }] of level.entries()) {
      const outcome = outcomes[at]
      if (outcome && 'identifier' in outcome) made.set(group, outcome.identifier)
    }
    await unmakeRefused(to, { made, named: new Set() }, refusalsOf(level, outcomes, 'making'))
  }
  const marked = newGroups.map(({ group, readers }): MarkedGroup => {
    const [id, mark] = [made.get(group) ?? '', writeGroupMark(readers)]
    return { id, mark, operation: replace(id, value(group, group.name, { [MARK]: mark })) }
  })
  marked.push(...early)
  await marks.record(marked.map(({ id, mark }) => [`connectionGroup ${id}`, mark] as const))
  const outcomes = await patchDirectory(
    session,
    directory,
    marked.map((one) => one.operation),
  )
  const refusals = refusalsOf(newGroups, outcomes, 'naming')
  const named = new Set([...made.keys()].filter((group) => !refusals.has(group)))
  await unmakeRefused(to, { made, named }, refusals)
  return made
}

type Refusals = ReadonlyMap<Group, CodedError>
const TAKEN = /already exists/

function refusalsOf(groups: TreePlan['newGroups'], outcomes: readonly Outcome[], doing: 'making' | 'naming'): Refusals {
  return new Map(
    groups.flatMap(({ group }, at) => {
      const outcome = outcomes[at]
      if (outcome && 'identifier' in outcome) return []
      const reason = outcome?.reason ?? 'no answer'
      // Whoever does not administer could not see it before.
      const isTaken = doing === 'naming' && !group.parent && TAKEN.test(reason)
      const error = isTaken
        ? guacamoleErrors.GUACAMOLE_GROUP_TAKEN({ name: group.name })
        : refused(`the group ${group.name}`, reason)
      return [[group, error] as const]
    }),
  )
}

/**
 * Throws the first refusal, where there is one, and leaves no group without its name: the next pass would make others beside it, and
 * for an account that does not see whether they are empty nobody prunes them. What got its name is ours, and found again.
 */
async function unmakeRefused(
  { session, data, marks }: To,
  { made, named }: { made: ReadonlyMap<Group, string>; named: ReadonlySet<Group> },
  refusals: Refusals,
): Promise<void> {
  const [first] = refusals.values()
  if (!first) return
  const isLost = (group: Group) => [...upwards(group)].some((one) => made.has(one) && !named.has(one))
  // Innermost first: each is removed while it is there.
  const lost = [...made].flatMap(([group, id]) => (isLost(group) ? [id] : [])).reverse()
  const removes = lost.map((id): Operation => ({ op: 'remove', path: `/${id}` }))
  // Why it was refused is told, whatever comes of this.
  await patchDirectory(session, `${data}/connectionGroups`, removes)
    .then((outcomes) => {
      const gone = lost.filter((_, at) => 'identifier' in (outcomes[at] ?? {}))
      return marks.record(gone.map((id) => [`connectionGroup ${id}`, undefined] as const))
    })
    .catch(() => undefined)
  throw first
}
