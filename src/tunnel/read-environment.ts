import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { reasonOf } from '../kernel/errors.ts'
import { type Environment, type EnvironmentNetwork, environmentSchema } from './environment.ts'
import { tunnelErrors } from './errors.ts'

/** Environments of a folder of YAML files, one a file, or of one file. */
export async function readEnvironments(place: string): Promise<Environment[]> {
  const found = await stat(place).catch(() => undefined)
  if (!found) return []
  const files = found.isDirectory()
    ? (await readdir(place))
        .filter((name) => /\.ya?ml$/.test(name))
        .sort()
        .map((name) => join(place, name))
    : [place]
  return Promise.all(files.map(readOne))
}

async function readOne(file: string): Promise<Environment> {
  try {
    return environmentSchema.parse(parse(await readFile(file, 'utf8')))
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : reasonOf(cause)
    throw tunnelErrors.TUNNEL_ENVIRONMENT_INVALID({ file, reason }, { cause })
  }
}

export function environmentNamed(environments: readonly Environment[], name: string): Environment {
  const found = environments.find((one) => one.name === name)
  if (!found) throw tunnelErrors.TUNNEL_ENVIRONMENT_UNKNOWN({ name })
  return found
}

export function networkIn({ name, networks }: Environment, region: string | undefined): EnvironmentNetwork {
  const found = region === undefined ? networks[0] : networks.find((one) => one.region === region)
  if (found) return found
  const regions = networks.map((one) => one.region).join(', ')
  throw tunnelErrors.TUNNEL_NETWORK_UNKNOWN({ environment: name, region, regions })
}
