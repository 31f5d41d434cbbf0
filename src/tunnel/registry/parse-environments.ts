import { LineCounter, parseAllDocuments } from 'yaml'
import { type Environment, environmentSchema } from '../environment.ts'
import { registryErrors } from './errors.ts'
import type { Document } from './read-documents.ts'

export type Fault = { source: string; line: number; path: string; message: string }
export type Parsed = { environments: Environment[]; faults: Fault[] }

/** Every environment of every document (YAML, several to a file apart by `---`), and every fault of all of them. */
export function parseEnvironments(documents: readonly Document[]): Parsed {
  const environments: Environment[] = []
  const faults: Fault[] = []
  const sources = new Map<string, string>()
  for (const { source, text } of documents) {
    const lines = new LineCounter()
    for (const document of parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })) {
      const lineAt = (offset: number | undefined) => (offset === undefined ? 1 : lines.linePos(offset).line)
      for (const { message, pos } of document.errors) {
        faults.push({ source, line: lineAt(pos[0]), path: '', message: message.split('\n')[0] ?? message })
      }
      const value: unknown = document.errors.length === 0 ? document.toJS() : null
      // An empty document is what a comment or a trailing --- leaves.
      if (value === null) continue
      const parsed = environmentSchema.safeParse(value)
      if (!parsed.success) {
        for (const { path, message } of parsed.error.issues) {
          const node = [...path.keys()]
            .map((at) => document.getIn(path.slice(0, path.length - at), true))
            .find((found) => found !== undefined)
          faults.push({ source, line: lineAt(offsetOf(node)), path: path.join('.'), message })
        }
        continue
      }
      const { name } = parsed.data
      const other = sources.get(name)
      const line = lineAt(offsetOf(document.contents))
      if (other) faults.push({ source, line, path: 'name', message: `${name} is the name of one in ${other} too` })
      sources.set(name, other ?? source)
      environments.push(parsed.data)
    }
  }
  return { environments: environments.sort((a, b) => (a.name < b.name ? -1 : 1)), faults }
}

/** Where a node of the document begins. */
function offsetOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined
  const [start]: unknown[] = node.range
  return typeof start === 'number' ? start : undefined
}

const describe = ({ source, line, path, message }: Fault) =>
  `\n  ${source}:${line} ${path ? `${path}: ` : ''}${message}`

/** Throws with every fault when there is one. */
export function requireValid({ environments, faults }: Parsed): Environment[] {
  if (faults.length > 0) throw registryErrors.ENVIRONMENTS_INVALID({ faults: faults.map(describe).join('') })
  return environments
}
