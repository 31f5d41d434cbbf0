import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { reasonOf } from '../kernel/errors.ts'
import { sha256Hex } from '../kernel/ids.ts'
import { type Config, configSchema } from './config-schema.ts'
import { describeFaults } from './describe-faults.ts'
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
