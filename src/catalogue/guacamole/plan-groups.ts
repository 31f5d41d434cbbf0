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
  const touched = new Set([...places.all(), ...mine.flatMap((one) => [...upwards(places.ofHeld(one.parent))])])
  const proven = readersProven(places, held)
  const staying = groups.filter((group) => !empty.has(group))
  const need = readersNeeded({ places, held, mine, targets, touched, groups: staying })
  const plan: GroupPlan = { newGroups: [], groupMarks: [], removeGroups: [], grant: [], revoke: [] }
  for (const group of groups.sort((a, b) => depth(a) - depth(b))) {
    if (empty.has(group)) {
      if (group.held) plan.removeGroups.unshift(group.held)
      continue
    }
    const readers = [...(need.get(group) ?? [])].sort()
    const recorded = group.held?.mark?.readers ?? []
    const believed = touched.has(group) ? recorded.filter((reader) => proven.get(group)?.has(reader)) : recorded
    const granted = group.held?.granted ?? believed
    if (!group.held) plan.newGroups.push({ group, readers })
    else if (String(readers) !== String(recorded)) plan.groupMarks.push({ group, readers })
    for (const reader of readers) if (!granted.includes(reader)) plan.grant.push({ on: group, reader })
    for (const reader of recorded) if (!readers.includes(reader)) plan.revoke.push({ on: group, reader })
  }
  return plan
}

/**
 * Readers of finished connections, by the groups these stand in: a connection is finished after every grant of its pass, so what
 * the mark of a group says of them is true.
 */
function readersProven(places: Places, { connections }: HeldTree): Map<Group, Set<string>> {
  const proven = new Map<Group, Set<string>>()
  for (const { mark, parent } of connections) {
    if (mark && mark.content !== '') give(proven, places.ofHeld(parent), mark.readers)
  }
  return proven
}

/** To the group and all above it. */
function give(to: Map<Group, Set<string>>, group: Group | undefined, readers: readonly string[]): void {
  for (const at of upwards(group)) to.set(at, new Set([...(to.get(at) ?? []), ...readers]))
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

type Needs = Pick<Input, 'places' | 'held' | 'mine' | 'targets'> & {
  groups: readonly Group[]
  touched: ReadonlySet<Group>
}

function readersNeeded({ places, held, mine, targets, touched, groups }: Needs): Map<Group, Set<string>> {
  const own = new Set(mine)
  const need = new Map<Group, Set<string>>()
  for (const { group, mark } of targets) give(need, group, mark.readers)
  for (const one of held.connections) {
    if (!own.has(one) && one.mark && one.mark.retired === undefined)
      give(need, places.ofHeld(one.parent), one.mark.readers)
  }
  // Of a group that this scope does not touch not every connection was read: what is recorded there stays true.
  for (const group of groups) if (!touched.has(group)) give(need, group, group.held?.mark?.readers ?? [])
  return need
}
