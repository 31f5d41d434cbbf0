import type { Refused } from './desire.ts'
import { guacamoleErrors } from './errors.ts'
import { writeConnectionMark, writeGroupMark } from './mark.ts'
import { type Group, upwards } from './place-groups.ts'
import type { Change, Grant, Target, TreePlan } from './plan-tree.ts'
import { VALUE_LENGTH } from './tree.ts'

type Planned = Omit<TreePlan, 'refused'>
type LeftOut = Map<string | Group, ReadonlySet<string>>

/**
 * A mark has the room of one column, so it cannot name any number of user groups, and what no mark names is never taken back:
 * whom a mark has no room for is not granted to, there and in all below it. Whoever is named stays.
 */
export function fitMarks(plan: Planned, scope: string): TreePlan {
  const out = leftOutOf(plan)
  const readersOut = [...new Set([...out.values()].flatMap((readers) => [...readers]))].sort()
  if (readersOut.length === 0) return { ...plan, refused: [] }
  const stays = (on: string | Group, reader: string) => out.get(on)?.has(reader) !== true
  const fitGroup = <One extends TreePlan['groupMarks'][number]>(one: One): One => ({
    ...one,
    readers: one.readers.filter((reader) => stays(one.group, reader)),
  })
  const fitTarget = (target: Target): Target => {
    const readers = target.mark.readers.filter((reader) => stays(target.mark.id, reader))
    return { ...target, mark: { ...target.mark, readers } }
  }
  const given = ({ on, reader }: Grant) => stays(on, reader)
  const [first = scope] = [...plan.add, ...plan.change.map((one) => one.target)].flatMap(({ mark }) =>
    out.has(mark.id) ? [mark.id] : [],
  )
  const details = { count: readersOut.length, reader: readersOut[0], limit: VALUE_LENGTH }
  const refused: Refused[] = [{ id: first, error: guacamoleErrors.GUACAMOLE_READERS_TOO_MANY(details) }]
  return {
    ...plan,
    newGroups: plan.newGroups.map(fitGroup),
    groupMarks: plan.groupMarks
      .map(fitGroup)
      .filter(({ group, readers }) => String(readers) !== String(group.held?.mark?.readers ?? [])),
    add: plan.add.map(fitTarget),
    change: plan.change.flatMap((one) => changeTo(one, fitTarget(one.target))),
    grant: plan.grant.filter(given),
    refused,
  }
}

function leftOutOf(plan: Planned): LeftOut {
  const out: LeftOut = new Map()
  const leaveOut = (on: string | Group, within: Group | undefined, mark: Mark) => {
    const above = new Set([...upwards(within)].flatMap((group) => [...(out.get(group) ?? [])]))
    const named = namedBy(mark, above)
    const left = mark.readers.filter((reader) => !named.has(reader))
    if (left.length > 0) out.set(on, new Set(left))
  }
  // Each is outermost first, and a group that is there stands in none that is new.
  for (const { group, readers } of [...plan.groupMarks, ...plan.newGroups]) {
    const recorded = group.held?.mark?.readers ?? []
    leaveOut(group, group.parent, { readers, recorded, lengthOf: (all) => writeGroupMark(all).length })
  }
  const changed = plan.change.map(({ held, target }) => ({ target, recorded: held.mark?.readers ?? [] }))
  for (const { target, recorded } of [...plan.add.map((one) => ({ target: one, recorded: [] })), ...changed]) {
    const lengthOf = (readers: string[]) => writeConnectionMark({ ...target.mark, readers }).length
    leaveOut(target.mark.id, target.group, { readers: target.mark.readers, recorded, lengthOf })
  }
  return out
}

type Mark = { readers: readonly string[]; recorded: readonly string[]; lengthOf(readers: string[]): number }

/** Those who are to go count as well: by REST a mark names them until what they had was taken from them. */
function namedBy({ readers, recorded, lengthOf }: Mark, above: ReadonlySet<string>): Set<string> {
  const all = new Set([...recorded, ...readers.filter((reader) => !above.has(reader))])
  if (lengthOf([...all]) <= VALUE_LENGTH) return all
  const named = new Set(recorded)
  for (const reader of all) if (lengthOf([...named, reader]) <= VALUE_LENGTH) named.add(reader)
  return named
}

function changeTo({ held, target: before, differs }: Change, target: Target): Change[] {
  if (!held.mark || String(held.mark.readers) !== String(target.mark.readers) || !differs.includes('readers')) {
    return [{ held, target, differs }]
  }
  const others = differs.filter((one) => one !== 'readers')
  if (others.length > 0) return [{ held, target, differs: others }]
  // Only for readers was the rest of the mark not looked at.
  return writeConnectionMark(held.mark) === writeConnectionMark({ ...before.mark, readers: target.mark.readers })
    ? []
    : [{ held, target, differs: ['mark'] }]
}
