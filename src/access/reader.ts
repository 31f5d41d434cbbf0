import { sha256Hex } from '../kernel/ids.ts'
import type { Person } from '../model/person.ts'
import type { PolicySet } from '../policy/policy-set.ts'
import type { Asker } from '../policy/request.ts'

/**
 * People whom the policies cannot tell apart are one reader: the same groups, and the person only where a policy names one.
 * Judged by other policies they are another, so that two nodes whose files differ for a while do not overwrite each other.
 */
export type Reader = { key: string; groups: readonly string[]; personId?: string }

export function readerOf(person: Person, { hash, mentions }: Pick<PolicySet, 'hash' | 'mentions'>): Reader {
  const groups = [...new Set(person.groups)].sort()
  const named = mentions.persons.includes(person.id)
  const key = sha256Hex(JSON.stringify([hash, groups, ...(named ? [person.id] : [])])).slice(0, 16)
  return named ? { key, groups, personId: person.id } : { key, groups }
}

/** Visibility means "could be allowed": as if the second factor were given. */
export const askerOf = (reader: Reader): Asker => ({
  id: reader.personId ?? `reader:${reader.key}`,
  name: '',
  groups: reader.groups,
  mfa: true,
})

export const visibleActions = ['list', 'play', 'play-own', 'watch'] as const
export type VisibleAction = (typeof visibleActions)[number]
