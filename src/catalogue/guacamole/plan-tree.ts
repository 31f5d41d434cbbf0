import { contentOf, type Refused } from './desire.ts'
import { fitMarks } from './fit-marks.ts'
import { type ConnectionMark, writeConnectionMark } from './mark.ts'
import { createNames } from './names.ts'
import { createPlaces, type Group } from './place-groups.ts'
import { type GroupPlan, planGroups } from './plan-groups.ts'
import { type Desired, fold, type HeldConnection, type HeldTree, NAME_LENGTH } from './tree.ts'

/** A connection as it is to be written, whole. */
export type Target = Pick<Desired, 'protocol' | 'attributes' | 'parameters'> & {
  name: string
  group: Group
  mark: ConnectionMark
}

export type Difference = 'name' | 'group' | 'parameters' | 'readers' | 'mark'
export type Change = { held: HeldConnection; target: Target; differs: readonly Difference[] }
/** READ of one user group on a connection (our id) or a connection group. */
export type Grant = { on: string | Group; reader: string }

export type TreePlan = GroupPlan & {
  add: Target[]
  /** Updates; a retired connection is one too. */
  change: Change[]
  /** Hold a name that another takes in this plan: renamed out of the way first. */
  park: HeldConnection[]
  remove: HeldConnection[]
  grant: Grant[]
  revoke: Grant[]
  /** What of it cannot be written, and so is not in it. */
  refused: Refused[]
}

export type PlanInput = {
  scope: string
  desired: readonly Desired[]
  held: HeldTree
  rules: { group: string; endedGroup: string; keepEnded: number }
  now: number
  /** Names that the database takes for others. */
  avoid?: ReadonlySet<string>
  /** Guacamole's ids of those that wait longer for their deletion, because somebody may be in them. */
  keep?: ReadonlySet<string>
}

/** From what is held and desired of one scope to what must be written. Pure; planning again after writing gives nothing. */
export function planTree(input: PlanInput): TreePlan {
  const { scope, desired, held, rules, now, avoid = new Set(), keep = new Set() } = input
  const places = createPlaces(held.groups, avoid)
  const all = firstOfEach(held.connections.filter((one) => one.mark?.scope === scope))
  const refused = new Set(desired.flatMap((one) => (one.refused ? [one.id] : [])))
  // What stays as it is counts as a neighbour: its name is taken, and the groups above it need its readers.
  const mine = new Map([...all].filter(([id]) => !refused.has(id)))
  const fits = desired.filter((one) => !one.refused).sort((a, b) => (a.id < b.id ? -1 : 1))
  const wanted = new Map(fits.map((one) => [one.id, one]))
  const gone = [...mine].filter(([id]) => !wanted.has(id)).map(([, one]) => one)
  const isOver = ({ id, mark }: HeldConnection) =>
    !keep.has(id) && (rules.keepEnded === 0 || now - (mark?.retired ?? now) >= rules.keepEnded)
  const remove = gone.filter(isOver)
  const ending = gone.filter((one) => !isOver(one))
  const moving = new Set([...remove, ...ending, ...[...mine.values()].filter((one) => wanted.has(one.mark?.id ?? ''))])
  const names = createNames(
    held.connections.filter((one) => !moving.has(one)),
    avoid,
  )

  const targets = new Map<string, Target>()
  for (const one of wanted.values()) {
    const group = places.at(one.path)
    targets.set(one.id, {
      name: names.take(group, one.name, [one.instanceId.slice(-8), one.id]),
      group,
      protocol: one.protocol,
      attributes: one.attributes,
      parameters: one.parameters,
      mark: { v: 1, scope, instance: one.instanceId, id: one.id, content: contentOf(one), readers: [...one.readers] },
    })
  }
  for (const one of ending) {
    if (one.mark) targets.set(one.mark.id, retired(one, one.mark, places.at([rules.group, rules.endedGroup]), now))
  }

  const change = [...targets].flatMap(([id, target]) => {
    const before = mine.get(id)
    const differs = before ? differences(before, target) : []
    return before && differs.length > 0 ? [{ held: before, target, differs }] : []
  })
  const add = [...targets].filter(([id]) => !mine.has(id)).map(([, target]) => target)
  const groups = planGroups({ places, held, mine: [...mine.values()], remove, targets: [...targets.values()] })
  const grants = connectionGrants(targets, mine)
  const plan = {
    ...groups,
    add,
    change,
    park: parked(add, change),
    remove,
    grant: [...groups.grant, ...grants.grant],
    revoke: [...groups.revoke, ...grants.revoke],
  }
  return fitMarks(plan, scope)
}

export const isEmptyPlan = ({ refused: _, ...plan }: TreePlan): boolean =>
  Object.values(plan).every((part) => part.length === 0)

/** A mark that somebody copied in SQL counts once. */
function firstOfEach(connections: readonly HeldConnection[]): Map<string, HeldConnection> {
  const sorted = [...connections].sort((a, b) => Number(b.id) - Number(a.id))
  return new Map(sorted.flatMap((one) => (one.mark ? [[one.mark.id, one] as const] : [])))
}

/** Out of everybody's sight and without an address; its id and so its history stay. */
function retired(held: HeldConnection, mark: ConnectionMark, group: Group, now: number): Target {
  const ending = ` (${mark.instance} ${mark.id.slice(0, 4)})`
  const told = { protocol: held.protocol, attributes: {}, parameters: {} }
  return {
    ...told,
    name: held.name.endsWith(ending) ? held.name : held.name.slice(0, NAME_LENGTH - ending.length) + ending,
    group,
    mark: { ...mark, content: contentOf(told), readers: [], retired: mark.retired ?? now },
  }
}

function differences(held: HeldConnection, target: Target): Difference[] {
  const found: Difference[] = []
  const { mark } = held
  if (held.name !== target.name) found.push('name')
  if (held.parent === undefined || held.parent !== target.group.held?.id) found.push('group')
  const asTold =
    held.protocol === target.protocol &&
    mark?.content === target.mark.content &&
    Object.entries(target.attributes).every(([name, value]) => held.attributes[name] === value) &&
    (held.parameters === undefined || equal(held.parameters, target.parameters))
  if (!asTold) found.push('parameters')
  if (mark && String(mark.readers) !== String(target.mark.readers)) found.push('readers')
  if (mark && found.length === 0 && writeConnectionMark(mark) !== writeConnectionMark(target.mark)) found.push('mark')
  return found
}

function equal(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

function connectionGrants(targets: ReadonlyMap<string, Target>, mine: ReadonlyMap<string, HeldConnection>) {
  const grant: Grant[] = []
  const revoke: Grant[] = []
  for (const [on, { mark }] of targets) {
    const before = mine.get(on)
    const recorded = before?.mark?.readers ?? []
    // A mark without content was written before the grants that it tells of.
    const granted = before?.granted ?? (before?.mark?.content === '' ? [] : recorded)
    grant.push(...mark.readers.filter((reader) => !granted.includes(reader)).map((reader) => ({ on, reader })))
    revoke.push(...recorded.filter((reader) => !mark.readers.includes(reader)).map((reader) => ({ on, reader })))
  }
  return { grant, revoke }
}

/** Guacamole checks each name as it is written: two that swap theirs would both fail. */
function parked(add: readonly Target[], change: readonly Change[]): HeldConnection[] {
  const slot = (parent: string | undefined, name: string) => `${parent} ${fold(name)}`
  const holders = new Map(change.map((one) => [slot(one.held.parent, one.held.name), one]))
  const takers = [...add.map((target) => ({ target, held: undefined })), ...change]
  return [
    ...new Set(
      takers.flatMap(({ target, held }) => {
        const holder = holders.get(slot(target.group.held?.id, target.name))
        return holder && holder.held !== held ? [holder.held] : []
      }),
    ),
  ]
}
