import * as cedar from '@cedar-policy/cedar-wasm/nodejs'

/** Which tags and which single persons the policies speak of: everything else cannot change a decision. */
export type Mentions = {
  /** `all` when a policy computes the name of a tag. */
  tags: 'all' | readonly string[]
  persons: readonly string[]
}

export function mentionsOf(policies: readonly string[]): Mentions {
  const tags = new Set<string>()
  const persons = new Set<string>()
  let computed = false
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      if (key === 'hasTag' || key === 'getTag') {
        const name = literalOf(value)
        if (name === undefined) computed = true
        else tags.add(name)
      }
      const person = personOf(value)
      if (person !== undefined) persons.add(person)
      walk(value)
    }
  }
  for (const text of policies) {
    const parsed = cedar.policyToJson(text)
    if (parsed.type === 'success') walk(parsed.json)
  }
  return { tags: computed ? 'all' : [...tags].sort(), persons: [...persons].sort() }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

function literalOf(call: unknown): string | undefined {
  const value = record(record(call)['right'])['Value']
  return typeof value === 'string' ? value : undefined
}

function personOf(value: unknown): string | undefined {
  const { type, id } = record(record(value)['__entity'] ?? value)
  return type === 'Enchilada::Person' && typeof id === 'string' ? id : undefined
}
