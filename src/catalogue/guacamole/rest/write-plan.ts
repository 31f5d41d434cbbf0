import type { CodedError } from '../../../kernel/errors.ts'
import { MARK, writeConnectionMark } from '../mark.ts'
import type { Group } from '../place-groups.ts'
import type { Target, TreePlan } from '../plan-tree.ts'
import { MOST_OPERATIONS, type Operation, type Outcome, patchDirectory } from './batch.ts'
import { dropCreatorRows } from './creator-rows.ts'
import { type Grants, writeGrants } from './grants.ts'
import type { MarkKeeper } from './keep-marks.ts'
import { makeGroups, refused, replace } from './make-groups.ts'
import { finishGroups, groupMarks } from './mark-groups.ts'
import { type RestTree, unmarkedGroupNumber, unmarkedName } from './read-tree.ts'
import type { RestSession } from './session.ts'

type GroupId = (group: Group) => string
export type Refusal = { id: string; error: CodedError }
type To = { session: RestSession; data: string; marks: Pick<MarkKeeper, 'record'> }

/**
 * Groups level by level, then connections, then permissions: Guacamole has no transaction over these. A mark names whom something is
 * granted to before it is, and tells its content when that is done; cut short, what is granted twice does no harm. Every object is
 * sent whole, with its parent, because what is left out is lost or lands at ROOT.
 */
export async function writePlan(
  session: RestSession,
  marks: Pick<MarkKeeper, 'record'>,
  plan: TreePlan,
  tree: RestTree,
): Promise<Refusal[]> {
  const data = `session/data/${await session.dataSource()}`
  const to = { session, data, marks }
  const { early, late } = groupMarks(plan, tree)
  const made = await makeGroups(to, plan.newGroups, { free: unmarkedGroupNumber(tree), early })
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
  await announceReaders(to, plan)
  await writeGrants(session, data, { grant: grants(plan.grant), revoke: grants(plan.revoke) })
  const notMarked = await finishConnections(to, plan, { shape, added })
  await finishGroups(to, late, plan)
  return [...notAdded, ...notMarked]
}

/** Of connections that are there. One that is new bears a name until it is finished that says that its readers must be asked for. */
async function announceReaders({ session, data, marks }: To, { change }: TreePlan): Promise<void> {
  const announced = change.flatMap(({ held, target }) => {
    const recorded = held.mark?.readers ?? []
    const readers = [...new Set([...recorded, ...target.mark.readers])].sort()
    if (!held.mark || readers.length === recorded.length) return []
    const mark = writeConnectionMark({ ...held.mark, content: '', readers })
    const { protocol, parameters } = target
    const where = { name: held.name, parentIdentifier: held.parent ?? 'ROOT', protocol, parameters }
    const attributes = { ...held.attributes, ...target.attributes, [MARK]: mark }
    return [{ id: held.id, mark, operation: replace(held.id, { ...where, attributes }) }]
  })
  await marks.record(announced.map(({ id, mark }) => [`connection ${id}`, mark] as const))
  await patchDirectory(
    session,
    `${data}/connections`,
    announced.map((one) => one.operation),
  )
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

/** Under a name that tells whose it is until the mark does, and that nobody else takes. */
async function addConnections(
  { session, data, marks }: To,
  plan: TreePlan,
  { shape, administers }: { shape: Shape; administers: boolean },
) {
  const operations = plan.add.map((target): Operation => {
    const name = unmarkedName(target.mark.id, target.mark.scope)
    return { op: 'add', path: '/', value: shape(target, name, {}) }
  })
  const outcomes: Outcome[] = []
  for (let at = 0; at < operations.length; at += MOST_OPERATIONS) {
    const some = operations.slice(at, at + MOST_OPERATIONS)
    const done = await patchDirectory(session, `${data}/connections`, some)
    outcomes.push(...done)
    // What a small pass leaves is tidied when nothing else is to be done.
    if (!administers || operations.length <= MOST_OPERATIONS) continue
    const made = done.flatMap((one) => ('identifier' in one ? [one.identifier] : []))
    await dropCreatorRows(
      session,
      made.map((id) => ({ kind: 'connection', id })),
    )
  }
  const added = new Map<string, string>()
  const refused: Refusal[] = []
  for (const [at, target] of plan.add.entries()) {
    const outcome = outcomes[at]
    if (outcome && 'identifier' in outcome) added.set(target.mark.id, outcome.identifier)
    else refused.push(refusalOf(target, outcome))
  }
  await marks.record(
    plan.add.flatMap(({ mark }) => {
      const id = added.get(mark.id)
      return id === undefined ? [] : [[`connection ${id}`, writeConnectionMark(unfinished(mark))] as const]
    }),
  )
  return { added, refused }
}

/** Of a connection that is there and was not granted to anybody yet. */
const unfinished = (mark: Target['mark']): Target['mark'] => ({ ...mark, content: '', readers: [] })

/** What frees names goes before what takes them, in one batch with it. */
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
  const targets = new Map(plan.change.map((one) => [one.held, one.target]))
  const parks = plan.park.flatMap((held) => {
    const target = targets.get(held)
    if (!target) return []
    const parked = shape(target, `enchilada ${held.id}`, held.attributes)
    return [replace(held.id, { ...parked, parentIdentifier: held.parent ?? 'ROOT' })]
  })
  const removes = plan.remove.map((one): Operation => ({ op: 'remove', path: `/${one.id}` }))
  const first = [...removes, ...parks]
  const answers = await patchDirectory(session, `${data}/connections`, [...first, ...all.map((one) => one.operation)])
  const outcomes = answers.slice(first.length)
  const done = (at: number) => 'identifier' in (outcomes[at] ?? {})
  await marks.record([
    ...plan.remove.map(({ id }) => [`connection ${id}`, undefined] as const),
    ...all.flatMap(({ id, target }, at) =>
      done(at) ? [[`connection ${id}`, writeConnectionMark(target.mark)] as const] : [],
    ),
  ])
  return all.flatMap(({ target }, at) => (done(at) ? [] : [refusalOf(target, outcomes[at])]))
}

const refusalOf = ({ mark, name }: Target, outcome: Outcome | undefined): Refusal => ({
  id: mark.id,
  error: refused(`the connection ${name}`, outcome && 'reason' in outcome ? outcome.reason : 'no answer'),
})
