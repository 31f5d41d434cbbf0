import type { CodedError } from '../../../kernel/errors.ts'
import { guacamoleErrors } from '../errors.ts'
import { MARK, writeConnectionMark, writeGroupMark } from '../mark.ts'
import { type Group, upwards } from '../place-groups.ts'
import type { Target, TreePlan } from '../plan-tree.ts'
import { type Operation, type Outcome, patchDirectory } from './batch.ts'
import { type Grants, writeGrants } from './grants.ts'
import { type RestTree, readTree, unmarkedGroupName, unmarkedGroupNumber, unmarkedName } from './read-tree.ts'
import type { RestSession } from './session.ts'

type GroupId = (group: Group) => string
export type Refusal = { id: string; error: CodedError }

/**
 * Groups level by level, then connections, then permissions: Guacamole has no transaction over these. A mark says what was
 * granted, so it is written when that is done; cut short, what is granted twice does no harm. Every object is sent whole,
 * with its parent, because what is left out is lost or lands at ROOT.
 */
export async function writePlan(session: RestSession, plan: TreePlan, tree: RestTree): Promise<Refusal[]> {
  const data = `session/data/${await session.dataSource()}`
  const made = await makeGroups(session, data, plan, unmarkedGroupNumber(tree))
  // Never undefined: a parent that is left out means ROOT.
  const groupId: GroupId = (group) => {
    const id = group.held?.id ?? made.get(group)
    if (id === undefined) throw refused(`the group ${group.name}`, 'it could not be made')
    return id
  }
  const shape = shapeFor(groupId)
  const { added, refused: notAdded } = await addConnections(session, data, plan, shape)
  const known = new Map(tree.connections.flatMap((one) => (one.mark ? [[one.mark.id, one.id] as const] : [])))
  const grants = (all: TreePlan['grant']): Grants =>
    all.flatMap(({ on, reader }) => {
      const kind = typeof on === 'string' ? 'connection' : 'connectionGroup'
      const id = typeof on === 'string' ? (added.get(on) ?? known.get(on)) : groupId(on)
      return id === undefined ? [] : [{ kind, id, reader }]
    })
  await writeGrants(session, data, { grant: grants(plan.grant), revoke: grants(plan.revoke) })
  const notMarked = await finishConnections(session, data, plan, { shape, added })
  await markGroups(session, data, plan, { tree, groupId })
  await removeGroups(session, data, plan)
  return [...notAdded, ...notMarked]
}

async function makeGroups(
  session: RestSession,
  data: string,
  { newGroups }: TreePlan,
  free: number,
): Promise<Map<Group, string>> {
  const made = new Map<Group, string>()
  const directory = `${data}/connectionGroups`
  const levels = Map.groupBy(newGroups, ({ group }) => [...upwards(group)].length)
  for (const [, level] of [...levels].sort(([a], [b]) => a - b)) {
    const value = (group: Group, name: string, attributes: object) => {
      const parentIdentifier = group.parent ? (group.parent.held?.id ?? made.get(group.parent)) : 'ROOT'
      if (parentIdentifier === undefined) throw refused(`the group ${name}`, 'its parent could not be made')
      return { name, parentIdentifier, type: 'ORGANIZATIONAL', attributes }
    }
    const adds = level.map(
      ({ group }, at) => ({ op: 'add', path: '/', value: value(group, unmarkedGroupName(free + at), {}) }) as const,
    )
    const outcomes = await patchDirectory(session, directory, adds)
    for (const [at, { group }] of level.entries()) made.set(group, idFrom(outcomes[at], `the group ${group.name}`))
    const marks = level.map(({ group }) => {
      const id = made.get(group)
      return {
        op: 'replace',
        path: `/${id}`,
        value: { identifier: id, ...value(group, group.name, { [MARK]: writeGroupMark([]) }) },
      } as const
    })
    for (const [at, outcome] of (await patchDirectory(session, directory, marks)).entries()) {
      idFrom(outcome, `the group ${level[at]?.group.name}`)
    }
  }
  await proveMark(session, directory, [...made.values()][0])
  return made
}

/** That a mark stays is a habit of this version, not a promise: looked at whenever groups were made. */
async function proveMark(session: RestSession, directory: string, id: string | undefined): Promise<void> {
  if (id === undefined) return
  const { body } = await session.call('GET', `${directory}/${id}`)
  if (!JSON.stringify(body).includes(`"${MARK}"`)) {
    throw guacamoleErrors.GUACAMOLE_MARK_LOST({ what: `connection group ${id}` })
  }
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

const replace = (id: string, whole: object): Operation => ({
  op: 'replace',
  path: `/${id}`,
  value: { identifier: id, ...whole },
})

/** What frees names first, then what is new, under a name that tells whose it is until the mark does. */
async function addConnections(session: RestSession, data: string, plan: TreePlan, shape: Shape) {
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
  const outcomes = await patchDirectory(session, `${data}/connections`, [...first, ...adds])
  const added = new Map<string, string>()
  const refused: Refusal[] = []
  for (const [at, target] of plan.add.entries()) {
    const outcome = outcomes[first.length + at]
    if (outcome && 'identifier' in outcome) added.set(target.mark.id, outcome.identifier)
    else refused.push(refusalOf(target, outcome))
  }
  return { added, refused }
}

async function finishConnections(
  session: RestSession,
  data: string,
  plan: TreePlan,
  { shape, added }: { shape: Shape; added: ReadonlyMap<string, string> },
): Promise<Refusal[]> {
  const whole = (target: Target, before: Readonly<Record<string, string>>) =>
    shape(target, target.name, { ...before, ...target.attributes, [MARK]: writeConnectionMark(target.mark) })
  const all = [
    ...plan.change.map(({ held, target }) => ({ target, operation: replace(held.id, whole(target, held.attributes)) })),
    ...plan.add.flatMap((target) => {
      const id = added.get(target.mark.id)
      return id === undefined ? [] : [{ target, operation: replace(id, whole(target, {})) }]
    }),
  ]
  const outcomes = await patchDirectory(
    session,
    `${data}/connections`,
    all.map((one) => one.operation),
  )
  return all.flatMap(({ target }, at) => {
    const outcome = outcomes[at]
    return outcome && 'identifier' in outcome ? [] : [refusalOf(target, outcome)]
  })
}

const refusalOf = ({ mark, name }: Target, outcome: Outcome | undefined): Refusal => ({
  id: mark.id,
  error: refused(`the connection ${name}`, outcome && 'reason' in outcome ? outcome.reason : 'no answer'),
})

async function markGroups(
  session: RestSession,
  data: string,
  plan: TreePlan,
  { tree, groupId }: { tree: RestTree; groupId: GroupId },
): Promise<void> {
  const byId = new Map(tree.groups.map((group) => [group.id, group]))
  const granted = [...plan.newGroups.filter((one) => one.readers.length > 0), ...plan.groupMarks]
  const operations = granted.map(({ group, readers }): Operation => {
    const id = groupId(group)
    const held = byId.get(id)
    const attributes = { ...held?.attributes, [MARK]: writeGroupMark(readers) }
    const parentIdentifier = group.parent ? groupId(group.parent) : 'ROOT'
    return replace(id, { name: group.name, type: held?.type ?? 'ORGANIZATIONAL', parentIdentifier, attributes })
  })
  await patchDirectory(session, `${data}/connectionGroups`, operations)
}

/** Deleting a group deletes all in it, so it is looked at once more: a person may have put something there meanwhile. */
async function removeGroups(session: RestSession, data: string, plan: TreePlan): Promise<void> {
  if (plan.removeGroups.length === 0) return
  const tree = await readTree(session, true)
  const full = new Set(tree.connections.map((one) => one.parent))
  const removed = new Set<string>()
  const operations = plan.removeGroups.flatMap(({ id }): Operation[] => {
    const isEmpty = !full.has(id) && tree.groups.every((group) => group.parent !== id || removed.has(group.id))
    return isEmpty && removed.add(id) ? [{ op: 'remove', path: `/${id}` }] : []
  })
  await patchDirectory(session, `${data}/connectionGroups`, operations)
}

const refused = (what: string, reason: string) => guacamoleErrors.GUACAMOLE_REFUSED({ what, reason })

function idFrom(outcome: Outcome | undefined, what: string): string {
  if (outcome && 'identifier' in outcome) return outcome.identifier
  throw refused(what, outcome?.reason ?? 'no answer')
}
