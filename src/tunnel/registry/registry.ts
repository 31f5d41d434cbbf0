import type { Environment } from '../environment.ts'
import { environmentNamed } from '../read-environment.ts'
import { type Parsed, parseEnvironments, requireValid } from './parse-environments.ts'
import { type ReadParameters, readDocuments } from './read-documents.ts'

/** The environments of a team, tens to hundreds, from one place. */
export type Registry = {
  readonly place: string
  /** Everything that is there, with its faults. */
  read(): Promise<Parsed>
  /** All of them, or every fault. */
  all(): Promise<Environment[]>
  named(name: string): Promise<Environment>
}

export function openRegistry(place: string, parameters: ReadParameters): Registry {
  const read = async () => parseEnvironments(await readDocuments(place, parameters))
  const all = async () => requireValid(await read())
  return {
    place,
    read,
    all,
    named: async (name) => environmentNamed(await all(), name),
  }
}
