import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export type Ran = { code: number | null; stdout: string; stderr: string; error: string | undefined }

export const enchiladaMain = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Runs the product's command line as its users do. `error`: the code in what it says with `--json`. */
export async function enchilada(env: NodeJS.ProcessEnv, args: readonly string[], input = ''): Promise<Ran> {
  const child = spawn(process.execPath, [enchiladaMain, ...args], { env, stdio: 'pipe' })
  child.stdin.end(input)
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('exit', resolve)),
  ])
  return { code, stdout, stderr, error: /"code":"([A-Z_]+)"/.exec(stderr)?.[1] }
}

/** Files below a folder in which one of the secrets stands, in clear or as a form sends it. */
export function findTaint(folder: string, secrets: readonly string[]): string[] {
  const needles = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).map((needle) => Buffer.from(needle))
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const content = readFileSync(file)
      return needles.some((needle) => content.includes(needle))
    })
}

/** Every argument list of this machine, as `ps` shows it to anybody. */
export const argumentLists = (): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
