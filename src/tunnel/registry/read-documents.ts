import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isNotFound } from '../../aws/error-sets.ts'
import type { Parameter } from '../../aws/parameters.ts'
import { reasonOf } from '../../kernel/errors.ts'
import { isMissingFile } from '../../kernel/missing-file.ts'
import { registryErrors } from './errors.ts'

/** The text of one or several environments, and where it stands. */
export type Document = { source: string; text: string }

export type ReadParameters = (path: string) => Promise<Parameter[]>

const SSM = 'ssm:'

/**
 * `ssm:/path`: one parameter an environment, shared by whoever may read the path. Else a folder of YAML files or one file; a folder that
 * is not there yet is an empty registry.
 */
export async function readDocuments(place: string, parameters: ReadParameters): Promise<Document[]> {
  try {
    if (place.startsWith(SSM)) {
      const found = await parameters(place.slice(SSM.length))
      return found.map(({ name, value }) => ({ source: `${SSM}${name}`, text: value }))
    }
    const files = (await stat(place)).isDirectory() ? await filesOf(place) : [place]
    return await Promise.all(files.map(async (file) => ({ source: file, text: await readFile(file, 'utf8') })))
  } catch (cause) {
    if (isMissing(cause)) return []
    throw registryErrors.ENVIRONMENTS_UNREADABLE({ place, reason: reasonOf(cause) }, { cause })
  }
}

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name))

const isMissing = (error: unknown): boolean => isNotFound(error) || isMissingFile(error)
