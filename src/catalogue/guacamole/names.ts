import type { Group } from './place-groups.ts'
import { fold, type HeldConnection, NAME_LENGTH } from './tree.ts'

/**
 * Names within groups. What others hold stays theirs; a name that is taken gets the first ending that frees it.
 * `avoid`: names that the database holds for taken although we do not see why.
 */
export function createNames(others: readonly HeldConnection[], avoid: ReadonlySet<string>) {
  const held = new Map<string | undefined, Set<string>>()
  for (const { parent, name } of others) held.set(parent, (held.get(parent) ?? new Set()).add(fold(name)))
  const given = new Map<Group, Set<string>>()

  return {
    take(group: Group, name: string, endings: readonly string[]): string {
      const taken = given.get(group) ?? new Set<string>()
      given.set(group, taken)
      const there = group.held ? held.get(group.held.id) : undefined
      const tries = [name, ...endings.map((ending) => `${name.slice(0, NAME_LENGTH - ending.length - 3)} (${ending})`)]
      const free =
        tries.find((one) => !avoid.has(one) && !taken.has(fold(one)) && !there?.has(fold(one))) ?? tries.at(-1) ?? name
      taken.add(fold(free))
      return free
    },
  }
}
