import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import type * as z from 'zod'
import { reasonOf } from '../kernel/errors.ts'
import { sha256Hex } from '../kernel/ids.ts'
import { type Config, configSchema } from './config-schema.ts'
import { configErrors } from './errors.ts'

export type Loaded = {
  config: Config
  path: string
  /** Paths in the configuration are relative to it. */
  folder: string
  /** Of the file as it was read, hex: the trail says which configuration was in force. */
  sha256: string
}

/** --config, ENCHILADA_CONFIG, ./enchilada.yaml, /etc/enchilada/enchilada.yaml: the first that is named or there. */
export function findConfig(given: string | undefined, env: NodeJS.ProcessEnv): string {
  const named = given ?? env['ENCHILADA_CONFIG']
  const places = named ? [named] : ['enchilada.yaml', '/etc/enchilada/enchilada.yaml']
  const found = places.find((place) => existsSync(place))
  if (found === undefined) throw configErrors.CONFIG_NOT_FOUND({ places: places.join(', ') })
  return resolve(found)
}

/** Validated whole: CONFIG_INVALID names every fault with its path. */
export function loadConfig(path: string): Loaded {
  const text = readFileSync(path, 'utf8')
  const document = parseDocument(text, { prettyErrors: true })
  const broken = [...document.errors, ...document.warnings].map((error) => error.message)
  if (broken.length > 0) throw configErrors.CONFIG_INVALID({ path, faults: list(broken) })
  let value: unknown
  try {
    value = document.toJS() ?? {}
  } catch (cause) {
    throw configErrors.CONFIG_INVALID({ path, faults: list([reasonOf(cause)]) }, { cause })
  }
  const parsed = configSchema.safeParse(value)
  if (!parsed.success) throw configErrors.CONFIG_INVALID({ path, faults: list(describeFaults(parsed.error.issues)) })
  return { config: parsed.data, path, folder: dirname(path), sha256: sha256Hex(text) }
}

const list = (faults: readonly string[]): string => faults.map((fault) => `  - ${fault}`).join('\n')

type Issue = z.core.$ZodIssue

/** `connections.rules[0].prot: unknown setting; did you mean protocol?` */
export function describeFaults(issues: readonly Issue[]): string[] {
  return issues.flatMap((issue) => {
    const where = pathText(issue.path)
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${pathText([...issue.path, key])}: unknown setting${suggestion(issue.path, key)}`)
    }
    if (issue.code === 'invalid_union') {
      // Each branch has its own complaint; the one with the fewest is what was meant.
      const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0]
      if (nearest && nearest.length > 0) {
        return describeFaults(nearest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })))
      }
    }
    const missing = issue.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined')
    return [`${where}: ${missing ? 'missing' : issue.message}`]
  })
}

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
