import type * as z from 'zod'
import { configSchema } from './config-schema.ts'

type Issue = z.core.$ZodIssue

/** `connections.rules[0].prot: unknown setting; did you mean protocol?` */
export function describeFaults(issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => {
    const where = pathText(issue.path)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${pathText([...issue.path, key])}: unknown setting${suggestion(issue.path, key)}`)
    }
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const meant = branchMeant(issue.errors)
      if (meant) return describeFaults(meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })))
      return [`${where}: ${issue.message === BARE ? `expected ${kindsOf(issue.errors)}` : issue.message}`]
    }
    const missing = issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined')
    return [`${where}: ${missing ? 'missing' : issue.message}`]
  })
}

/** What a union says of itself when its schema says nothing. */
const BARE = 'Invalid input'

const isOfAnotherKind = ({ code, path }: Issue): boolean =>
  path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')

/** Each branch has its own complaints; of those for this kind of value the one with the fewest is what was meant. */
const branchMeant = (branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined =>
  branches.filter((issues) => !issues.some(isOfAnotherKind)).sort((a, b) => a.length - b.length)[0]

const kindsOf = (branches: readonly (readonly Issue[])[]): string =>
  branches
    .flatMap(([first]) => {
      if (first?.code === 'invalid_type') return [first.expected]
      return first?.code === 'invalid_value' ? first.values.map((value) => JSON.stringify(value)) : []
    })
    .join(' or ')

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '') || '(the file)'

function suggestion(path: readonly PropertyKey[], key: string): string {
  const near = keysAt(path).find((known) => distance(known.toLowerCase(), key.toLowerCase()) <= 2)
  return near ? `; did you mean ${near}?` : ''
}

/** The settings there are at a path of the schema. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let node: unknown = configSchema
  for (const part of path) node = typeof part === 'number' ? inner(node, 'element') : shapeOf(node)[String(part)]
  return Object.keys(shapeOf(node))
}

/** Through defaults, optionals and lists to what is inside. */
function inner(node: unknown, name: string): unknown {
  let current = node
  for (;;) {
    if (typeof current !== 'object' || current === null) return undefined
    if (name in current) return Reflect.get(current, name)
    const def: unknown = Reflect.get(current, 'def')
    const next: unknown = typeof def === 'object' && def !== null ? Reflect.get(def, 'innerType') : undefined
    if (next === undefined) return undefined
    current = next
  }
}

const shapeOf = (node: unknown): Record<string, unknown> => {
  const shape = inner(node, 'shape')
  return typeof shape === 'object' && shape !== null ? { ...shape } : {}
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()]
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
