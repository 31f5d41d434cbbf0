import { type Group, type Places, upwards } from './place-groups.ts'
import type { Grant, Target } from './plan-tree.ts'
import type { HeldConnection, HeldGroup, HeldTree } from './tree.ts'

export type GroupPlan = {
  /** Outermost first. */
  newGroups: { group: Group; readers: readonly string[] }[]
  /** Groups of ours whose readers changed. */
  groupMarks: { group: Group; readers: readonly string[] }[]
  /** Innermost first; empty once the plan is written. */
  removeGroups: HeldGroup[]
  grant: Grant[]
  revoke: Grant[]
}

type Input = {
  places: Places
  held: HeldTree
  mine: readonly HeldConnection[]
  remove: readonly HeldConnection[]
  targets: readonly Target[]
}

/**
 * Guacamole inherits nothing: who may read a connection needs READ on every group above it, and has no business in a
 * group where nothing is left for them.
 */
export function planGroups({ places, held, mine, remove, targets }: Input): GroupPlan {
  const ours = held.groups.filter((group) => group.mark).flatMap((group) => places.ofHeld(group.id) ?? [])
  const groups = [...new Set([...ours, ...places.all()])]
  const empty = emptied({ groups, mine, remove, targets, held })
  const finished = settled(places, held)
  const need = readersNeeded({ places, held, mine, targets, groups: groups.filter((group) => !empty.has(group)) })
  const plan: GroupPlan = { newGroups: [], groupMarks: [], removeGroups: [], grant: [], revoke: [] }
  for (const group of groups.sort((a, b) => depth(a) - depth(b))) {
    if (empty.has(group)) {
      if (group.held) plan.removeGroups.unshift(group.held)
      continue
    }
    const readers = [...(need.get(group) ?? [])].sort()
    const recorded = group.held?.mark?.readers ?? []
    const granted = group.held?.granted ?? (finished.has(group) ? recorded : [])
    if (!group.held) plan.newGroups.push({ group, readers })
    else if (String(readers) !== String(recorded)) plan.groupMarks.push({ group, readers })
    for (const reader of readers) if (!granted.includes(reader)) plan.grant.push({ on: group, reader })
    for (const reader of recorded) if (!readers.includes(reader)) plan.revoke.push({ on: group, reader })
  }
  return plan
}

/** Groups with a finished connection in them: what their marks say was really granted. */
function settled(places: Places, { connections }: HeldTree): Set<Group> {
  const parents = new Set(connections.flatMap(({ mark, parent }) => (mark && mark.content !== '' ? [parent] : [])))
  return new Set([...parents].flatMap((parent) => [...upwards(places.ofHeld(parent))]))
}

const depth = (group: Group): number => [...upwards(group)].length

/** Groups of ours with nothing of anybody's in them once the plan is written. */
function emptied({ groups, mine, remove, targets, held }: Omit<Input, 'places'> & { groups: readonly Group[] }) {
  const moved = new Map(mine.flatMap((one) => (one.mark ? [[one.mark.id, one] as const] : [])))
  const count = new Map<Group | string, number>()
  const add = (at: Group | string | undefined, n: number) => at !== undefined && count.set(at, (count.get(at) ?? 0) + n)
  for (const group of held.groups) add(group.id, group.connections)
  for (const one of remove) add(one.parent, -1)
  for (const { group, mark } of targets) {
    add(moved.get(mark.id)?.parent, -1)
    add(group.held?.id ?? group, 1)
  }
  const children = Map.groupBy(held.groups, (group) => group.parent)
  const empty = new Set<Group>()
  const isEmpty = (group: Group): boolean =>
    (count.get(group.held?.id ?? group) ?? 0) === 0 &&
    groups.every((one) => one.parent !== group || empty.has(one)) &&
    (children.get(group.held?.id ?? '') ?? []).every((child) => child.mark !== undefined)
  for (const group of [...groups].sort((a, b) => depth(b) - depth(a))) if (isEmpty(group)) empty.add(group)
  return empty
}

type Needs = Pick<Input, 'places' | 'held' | 'mine' | 'targets'> & { groups: readonly Group[] }

function readersNeeded({ places, held, mine, targets, groups }: Needs): Map<Group, Set<string>> {
  const own = new Set(mine)
  const need = new Map<Group, Set<string>>()
  const give = (group: Group | undefined, readers: readonly string[]) => {
    for (const at of upwards(group)) need.set(at, new Set([...(need.get(at) ?? []), ...readers]))
  }
  for (const { group, mark } of targets) give(group, mark.readers)
  for (const one of held.connections) {
    if (!own.has(one) && one.mark && one.mark.retired === undefined) give(places.ofHeld(one.parent), one.mark.readers)
  }
  // Of a group that this scope does not touch not every connection was read: what is recorded there stays true.
  const touched = new Set([...places.all(), ...mine.flatMap((one) => [...upwards(places.ofHeld(one.parent))])])
  for (const group of groups) if (!touched.has(group)) give(group, group.held?.mark?.readers ?? [])
  return need
}
