import { guacamoleErrors } from './errors.ts'
import { fold, type HeldGroup, NAME_LENGTH } from './tree.ts'

/** A group of ours that is there, or one to make in `parent`. */
export type Group = { name: string; parent: Group | undefined; held: HeldGroup | undefined }

/**
 * Finds our groups along the paths and names the missing ones. Somebody else's group of the same name is never entered:
 * ours is then called `Name (2)`, as is one whose name
 * the database takes for another (`avoid`). Throws GUACAMOLE_GROUP_TAKEN where that happens at ROOT.
 */
export function createPlaces(groups: readonly HeldGroup[], avoid: ReadonlySet<string> = new Set()) {
  const byParent = Map.groupBy(groups, (group) => group.parent)
  const byId = new Map(groups.map((group) => [group.id, group]))
  const made = new Map<string, Group>()
  const held = new Map<string, Group>()

  const asGroup = (group: HeldGroup): Group => {
    const known = held.get(group.id)
    if (known) return known
    const above = group.parent === undefined ? undefined : byId.get(group.parent)
    const found = { name: group.name, parent: above && asGroup(above), held: group }
    held.set(group.id, found)
    return found
  }

  const child = (parent: Group | undefined, part: string): Group => {
    const siblings = parent && !parent.held ? [] : (byParent.get(parent?.held?.id) ?? [])
    for (let n = 1; ; n += 1) {
      const ending = n === 1 ? '' : ` (${n})`
      const name = part.slice(0, NAME_LENGTH - ending.length) + ending
      const same = siblings.filter((one) => fold(one.name) === fold(name))
      const ours = same.find((one) => one.mark)
      if (ours) return asGroup(ours)
      if (same.length === 0 && !avoid.has(name)) return { name, parent, held: undefined }
      if (!parent) throw guacamoleErrors.GUACAMOLE_GROUP_TAKEN({ name })
    }
  }

  return {
    at(path: readonly string[]): Group {
      let at: Group | undefined
      let key = ''
      for (const part of path) {
        key += `/${fold(part).replaceAll('/', '//')}`
        const next: Group = made.get(key) ?? child(at, part)
        made.set(key, next)
        at = next
      }
      if (!at) throw new Error('a path has at least the owned group')
      return at
    },
    ofHeld: (id: string | undefined): Group | undefined => {
      const group = id === undefined ? undefined : byId.get(id)
      return group && asGroup(group)
    },
    /** Every group on a path asked for, outermost first. */
    all: (): Group[] => [...new Set(made.values())],
  }
}
export type Places = ReturnType<typeof createPlaces>

/** The group itself and all above it. */
export function* upwards(group: Group | undefined): Generator<Group> {
  for (let at = group; at; at = at.parent) yield at
}
