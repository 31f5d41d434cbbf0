import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyFile } from '../policy/policy-set.ts'

/** Every `*.cedar` of the folder, by name. Throws what the file system throws. */
export function readPolicyFiles(folder: string): PolicyFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cedar'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
}
