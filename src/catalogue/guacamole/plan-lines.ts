import { type Group, upwards } from './place-groups.ts'
import type { TreePlan } from './plan-tree.ts'
import type { HeldGroup, HeldTree } from './tree.ts'

/** One thing that a plan would do, for people and for programs. */
export type PlanLine = {
  do: 'add group' | 'remove group' | 'add' | 'change' | 'end' | 'delete' | 'grant' | 'revoke'
  /** Path in Guacamole, outermost first. */
  path: readonly string[]
  /** Guacamole's id, where there is one already. */
  id?: string
  /** What differs; whom a grant is for. */
  detail?: string
}

export function linesOf(plan: TreePlan, held: HeldTree): PlanLine[] {
  const groups = new Map(held.groups.map((group) => [group.id, group]))
  const pathOfHeld = (id: string | undefined): string[] => {
    const group: HeldGroup | undefined = id === undefined ? undefined : groups.get(id)
    return group ? [...pathOfHeld(group.parent), group.name] : []
  }
  const pathOf = (group: Group): string[] => [...upwards(group)].map((one) => one.name).reverse()
  const targets = [...plan.add, ...plan.change.map((one) => one.target)]
  const places = new Map(targets.map((target) => [target.mark.id, [...pathOf(target.group), target.name]]))
  for (const { mark, parent, name } of held.connections) {
    if (mark && !places.has(mark.id)) places.set(mark.id, [...pathOfHeld(parent), name])
  }
  const grants = (what: 'grant' | 'revoke') =>
    plan[what].map(({ on, reader }): PlanLine => {
      const path = typeof on === 'string' ? (places.get(on) ?? []) : pathOf(on)
      return { do: what, path, detail: `READ for ${reader}` }
    })
  return [
    ...plan.newGroups.map(({ group }): PlanLine => ({ do: 'add group', path: pathOf(group) })),
    ...plan.add.map((target): PlanLine => ({ do: 'add', path: places.get(target.mark.id) ?? [] })),
    ...plan.change.map(({ held: before, target, differs }): PlanLine => {
      const from = [...pathOfHeld(before.parent), before.name]
      const ends = target.mark.retired !== undefined
      const moved = differs.some((one) => one === 'name' || one === 'group')
      const detail = moved
        ? `${differs.join(', ')}; to ${pathText([...pathOf(target.group), target.name])}`
        : differs.join(', ')
      return { do: ends ? 'end' : 'change', path: from, id: before.id, detail }
    }),
    ...plan.remove.map((one): PlanLine => ({ do: 'delete', path: [...pathOfHeld(one.parent), one.name], id: one.id })),
    ...grants('grant'),
    ...grants('revoke'),
    ...plan.removeGroups.map((group): PlanLine => ({ do: 'remove group', path: pathOfHeld(group.id), id: group.id })),
  ]
}

export const pathText = (path: readonly string[]): string => path.join(' / ')
