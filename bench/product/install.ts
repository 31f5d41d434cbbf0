import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The product as built, copied to a folder of its own, so that a build that goes on meanwhile does not change what is measured. */
export type Installed = { cli: string; folder: string; remove(): void }

export function installBuilt(): Installed {
  // Two that start at once build once.
  execFileSync('flock', [join(root, 'node_modules/.building'), process.execPath, import.meta.filename], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
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
    ...['src', 'web/src']
      .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && /\.(tsx?|css)$/.test(entry.name) && !entry.name.endsWith('.test.ts'))
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  )

function buildIfOlder(): void {
  if (existsSync(join(root, 'dist/cli.js')) && builtAt() >= newestSource()) return
  execFileSync(process.execPath, ['script/build.ts'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

if (process.argv[1] === import.meta.filename) buildIfOlder()
