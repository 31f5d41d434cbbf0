import type { CodedError } from '../../../kernel/errors.ts'
import { MARK, writeConnectionMark, writeGroupMark } from '../mark.ts'
import type { Group } from '../place-groups.ts'
import type { Target, TreePlan } from '../plan-tree.ts'
import { MOST_OPERATIONS, type Operation, type Outcome, patchDirectory } from './batch.ts'
import { dropCreatorRows } from './creator-rows.ts'
import { type Grants, writeGrants } from './grants.ts'
import type { MarkKeeper } from './keep-marks.ts'
import { makeGroups, refused, replace } from './make-groups.ts'
import { type RestTree, readTree, unmarkedGroupNumber, unmarkedName } from './read-tree.ts'
import type { RestSession } from './session.ts'

type GroupId = (group: Group) => string
export type Refusal = { id: string; error: CodedError }
type To = { session: RestSession; data: string; marks: Pick<MarkKeeper, 'record'> }

/**
 * Groups level by level, then connections, then permissions: Guacamole has no transaction over these. A mark says what was
 * granted, so it is written when that is done; cut short, what is granted twice does no harm. Every object is sent whole,
 * with its parent, because what is left out is lost or lands at ROOT.
 */
export async function writePlan(
  session: RestSession,
  marks: Pick<MarkKeeper, 'record'>,
  plan: TreePlan,
  tree: RestTree,
): Promise<Refusal[]> {
  const data = `session/data/${await session.dataSource()}`
  const to = { session, data, marks }
  const made = await makeGroups(to, plan, unmarkedGroupNumber(tree))
  // Never undefined: a parent that is left out means ROOT.
  const groupId: GroupId = (group) => {
    const id = group.held?.id ?? made.get(group)
    if (id === undefined) throw refused(`the group ${group.name}`, 'it could not be made')
    return id
  }
  const shape = shapeFor(groupId)
  const { added, refused: notAdded } = await addConnections(to, plan, { shape, administers: tree.seesAll })
  const known = new Map(tree.connections.flatMap((one) => (one.mark ? [[one.mark.id, one.id] as const] : [])))
  const grants = (all: TreePlan['grant']): Grants =>
    all.flatMap(({ on, reader }) => {
      const kind = typeof on === 'string' ? 'connection' : 'connectionGroup'
      const id = typeof on === 'string' ? (added.get(on) ?? known.get(on)) : groupId(on)
      return id === undefined ? [] : [{ kind, id, reader }]
    })
  await writeGrants(session, data, { grant: grants(plan.grant), revoke: grants(plan.revoke) })
  const notMarked = await finishConnections(to, plan, { shape, added })
  await markGroups(to, plan, { tree, groupId })
  await removeGroups(to, plan)
  return [...notAdded, ...notMarked]
}

/** A connection as REST wants it: whole. */
const shapeFor =
  (groupId: GroupId) => (target: Target, name: string, attributes: Readonly<Record<string, string>>) => ({
    name,
    parentIdentifier: groupId(target.group),
    protocol: target.protocol,
    parameters: target.parameters,
    attributes,
  })
type Shape = ReturnType<typeof shapeFor>

/** What frees names first, then what is new, under a name that tells whose it is until the mark does. */
async function addConnections(
  { session, data, marks }: To,
  plan: TreePlan,
  { shape, administers }: { shape: Shape; administers: boolean },
) {
  const targets = new Map(plan.change.map((one) => [one.held, one.target]))
  const parks = plan.park.flatMap((held) => {
    const target = targets.get(held)
    if (!target) return []
    const whole = shape(target, `enchilada ${held.id}`, held.attributes)
    return [replace(held.id, { ...whole, parentIdentifier: held.parent ?? 'ROOT' })]
  })
  const removes = plan.remove.map((one): Operation => ({ op: 'remove', path: `/${one.id}` }))
  const adds = plan.add.map((target): Operation => {
    const name = unmarkedName(target.mark.id, target.mark.scope)
    return { op: 'add', path: '/', value: shape(target, name, {}) }
  })
  const first = [...removes, ...parks]
  const operations = [...first, ...adds]
  const outcomes: Outcome[] = []
  for (let at = 0; at < operations.length; at += MOST_OPERATIONS) {
    const some = operations.slice(at, at + MOST_OPERATIONS)
    const done = await patchDirectory(session, `${data}/connections`, some)
    outcomes.push(...done)
    // What a small pass leaves is tidied when nothing else is to be done.
    if (!administers || operations.length <= MOST_OPERATIONS) continue
    const made = done.flatMap((one, n) => (some[n]?.op === 'add' && 'identifier' in one ? [one.identifier] : []))
    await dropCreatorRows(
      session,
      made.map((id) => ({ kind: 'connection', id })),
    )
  }
  const added = new Map<string, string>()
  const refused: Refusal[] = []
  for (const [at, target] of plan.add.entries()) {
    const outcome = outcomes[first.length + at]
    if (outcome && 'identifier' in outcome) added.set(target.mark.id, outcome.identifier)
    else refused.push(refusalOf(target, outcome))
  }
  await marks.record([
    ...plan.remove.map(({ id }) => [`connection ${id}`, undefined] as const),
    ...plan.add.flatMap(({ mark }) => {
      const id = added.get(mark.id)
      return id === undefined ? [] : [[`connection ${id}`, writeConnectionMark(unfinished(mark))] as const]
    }),
  ])
  return { added, refused }
}

/** Of a connection that is there and was not granted to anybody yet. */
const unfinished = (mark: Target['mark']): Target['mark'] => ({ ...mark, content: '', readers: [] })

async function finishConnections(
  { session, data, marks }: To,
  plan: TreePlan,
  { shape, added }: { shape: Shape; added: ReadonlyMap<string, string> },
): Promise<Refusal[]> {
  const whole = (target: Target, before: Readonly<Record<string, string>>) =>
    shape(target, target.name, { ...before, ...target.attributes, [MARK]: writeConnectionMark(target.mark) })
  const all = [
    ...plan.change.map(({ held, target }) => ({
      id: held.id,
      target,
      operation: replace(held.id, whole(target, held.attributes)),
    })),
    ...plan.add.flatMap((target) => {
      const id = added.get(target.mark.id)
      return id === undefined ? [] : [{ id, target, operation: replace(id, whole(target, {})) }]
    }),
  ]
  const outcomes = await patchDirectory(
    session,
    `${data}/connections`,
    all.map((one) => one.operation),
  )
  const done = (at: number) => 'identifier' in (outcomes[at] ?? {})
  await marks.record(
    all.flatMap(({ id, target }, at) =>
      done(at) ? [[`connection ${id}`, writeConnectionMark(target.mark)] as const] : [],
    ),
  )
  return all.flatMap(({ target }, at) => (done(at) ? [] : [refusalOf(target, outcomes[at])]))
}

const refusalOf = ({ mark, name }: Target, outcome: Outcome | undefined): Refusal => ({
  id: mark.id,
  error: refused(`the connection ${name}`, outcome && 'reason' in outcome ? outcome.reason : 'no answer'),
})

async function markGroups(
  { session, data, marks }: To,
  plan: TreePlan,
  { tree, groupId }: { tree: RestTree; groupId: GroupId },
): Promise<void> {
  const byId = new Map(tree.groups.map((group) => [group.id, group]))
  const operations = plan.groupMarks.map(({ group, readers }): Operation => {
    const id = groupId(group)
    const held = byId.get(id)
    const attributes = { ...held?.attributes, [MARK]: writeGroupMark(readers) }
    const parentIdentifier = group.parent ? groupId(group.parent) : 'ROOT'
    return replace(id, { name: group.name, type: held?.type ?? 'ORGANIZATIONAL', parentIdentifier, attributes })
  })
  await patchDirectory(session, `${data}/connectionGroups`, operations)
  await marks.record(
    plan.groupMarks.map(
      ({ group, readers }) => [`connectionGroup ${groupId(group)}`, writeGroupMark(readers)] as const,
    ),
  )
}

/** Deleting a group deletes all in it, so it is looked at once more: a person may have put something there meanwhile. */
async function removeGroups({ session, data, marks }: To, plan: TreePlan): Promise<void> {
  if (plan.removeGroups.length === 0) return
  const tree = await readTree(session, { seesAll: true })
  const full = new Set(tree.connections.map((one) => one.parent))
  const removed = new Set<string>()
  const operations = plan.removeGroups.flatMap(({ id }): Operation[] => {
    const isEmpty = !full.has(id) && tree.groups.every((group) => group.parent !== id || removed.has(group.id))
    return isEmpty && removed.add(id) ? [{ op: 'remove', path: `/${id}` }] : []
  })
  await patchDirectory(session, `${data}/connectionGroups`, operations)
  await marks.record([...removed].map((id) => [`connectionGroup ${id}`, undefined] as const))
}
