import { MARK, writeGroupMark } from '../mark.ts'
import type { TreePlan } from '../plan-tree.ts'
import { type Operation, patchDirectory } from './batch.ts'
import type { MarkKeeper } from './keep-marks.ts'
import { refused, replace } from './make-groups.ts'
import { type RestTree, readTree } from './read-tree.ts'
import type { RestSession } from './session.ts'

type GroupMark = TreePlan['groupMarks'][number]
export type MarkedGroup = { id: string; mark: string; operation: Operation }

/**
 * New marks of groups that are there. One says before a grant whom its group will be granted to, and forgets a reader only when it
 * was taken from it: cut short at any call, no grant of ours is unknown.
 */
export function groupMarks(plan: TreePlan, tree: RestTree): Record<'early' | 'late', MarkedGroup[]> {
  const recorded = ({ group }: GroupMark) => group.held?.mark?.readers ?? []
  const gains = (one: GroupMark) => one.readers.some((reader) => !recorded(one).includes(reader))
  const forgets = (one: GroupMark) => recorded(one).some((reader) => !one.readers.includes(reader))
  const early = plan.groupMarks.filter(gains).map((one) => ({
    ...one,
    readers: [...new Set([...recorded(one), ...one.readers])].sort(),
  }))
  const late = plan.groupMarks.filter(forgets)
  const byId = new Map(tree.groups.map((group) => [group.id, group]))
  const marked = ({ group, readers }: GroupMark): MarkedGroup => {
    const held = byId.get(group.held?.id ?? '')
    if (!held) throw refused(`the mark of the group ${group.name}`, 'it is not there')
    const { id, name, type, parent: parentIdentifier = 'ROOT' } = held
    const mark = writeGroupMark(readers)
    const attributes = { ...held.attributes, [MARK]: mark }
    return { id, mark, operation: replace(id, { name, type, parentIdentifier, attributes }) }
  }
  return { early: early.map(marked), late: late.map(marked) }
}

type To = { session: RestSession; data: string; marks: Pick<MarkKeeper, 'record'> }

/** Marks that had to wait, and what is empty now. */
export async function finishGroups(to: To, late: readonly MarkedGroup[], plan: TreePlan): Promise<void> {
  const removed = await stillEmpty(to.session, plan)
  await patchDirectory(to.session, `${to.data}/connectionGroups`, [
    ...late.map((one) => one.operation),
    ...removed.map((id): Operation => ({ op: 'remove', path: `/${id}` })),
  ])
  await to.marks.record([
    ...late.map(({ id, mark }) => [`connectionGroup ${id}`, mark] as const),
    ...removed.map((id) => [`connectionGroup ${id}`, undefined] as const),
  ])
}

/** Deleting a group deletes all in it, so it is looked at once more: a person may have put something there meanwhile. */
async function stillEmpty(session: RestSession, { removeGroups }: TreePlan): Promise<string[]> {
  if (removeGroups.length === 0) return []
  const tree = await readTree(session, { seesAll: true })
  const full = new Set(tree.connections.map((one) => one.parent))
  const empty = new Set<string>()
  // Innermost first.
  for (const { id } of removeGroups) {
    if (!full.has(id) && tree.groups.every((group) => group.parent !== id || empty.has(group.id))) empty.add(id)
  }
  return [...empty]
}
