import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The product as built, copied to a folder of its own, so that a build that goes on meanwhile does not change what is measured. */
export type Installed = { cli: string; folder: string; remove(): void }

export function installBuilt(): Installed {
  if (!existsSync(join(root, 'dist/cli.js')) || builtAt() < newestSource()) {
    execFileSync(process.execPath, ['script/build.ts'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  const folder = mkdtempSync(join(tmpdir(), 'enchilada-bench-'))
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  return {
    cli: join(folder, 'dist/cli.js'),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const builtAt = () => statSync(join(root, 'dist/cli.js')).mtimeMs

const newestSource = () =>
  Math.max(
    ...readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  )
