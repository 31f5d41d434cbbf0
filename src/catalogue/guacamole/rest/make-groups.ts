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
  { session, data, marks }: To,
  newGroups: TreePlan['newGroups'],
  { free, early }: { free: number; early: readonly MarkedGroup[] },
): Promise<Map<Group, string>> {
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
    for (const [at, { group }] of level.entries()) made.set(group, idFrom(outcomes[at], `the group ${group.name}`))
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
  for (const [at, { group }] of newGroups.entries()) idFrom(outcomes[at], `the group ${group.name}`)
  return made
}

function idFrom(outcome: Outcome | undefined, what: string): string {
  if (outcome && 'identifier' in outcome) return outcome.identifier
  throw refused(what, outcome?.reason ?? 'no answer')
}
