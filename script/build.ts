import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { build as buildPages } from 'vite'

/**
 * Everything that ships, into dist/: the command line in chunks that load when they are needed, each Lambda door as one
 * file, the pages. Nothing of node_modules is needed beside it. `--only-account FOLDER` writes nothing but what each bundle is
 * made of, as the bundler tells it. `--function NAME FOLDER` bundles that one into the folder.
 */
const common: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Names stay: those of classes are part of errors, and libraries ask for them. Shorter names put back by `keepNames` would cost each
  // closure that is made a table of properties of its own: a fifth of what a session keeps in memory.
  minifyWhitespace: true,
  minifySyntax: true,
  // AWS's ES modules are half the size of what `platform: node` takes by default.
  mainFields: ['module', 'main'],
  // Optional native parts, not shipped: each is tried and missed.
  external: ['pg-native', 'cpu-features', '@napi-rs/keyring', '*.node'],
  define: { __dirname: 'import.meta.dirname' },
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'warning',
}

const require = createRequire(import.meta.url)

const [, , flag, ...given] = process.argv
const accountFolder = given[0]
const cli: BuildOptions = {
  ...common,
  entryPoints: { cli: 'src/cli/main.ts' },
  outdir: 'dist',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
}
/** The policy engine reads its WebAssembly from beside the file that it is bundled into. */
const wasm = join(dirname(require.resolve('@cedar-policy/cedar-wasm/nodejs')), 'cedar_wasm_bg.wasm')
const copyEngineTo = (folder: string) => cpSync(wasm, join(folder, 'cedar_wasm_bg.wasm'))
const doors = ['observer', 'writer', 'follower', 'reaper'].map((name) => ({
  name,
  options: { ...common, entryPoints: [`src/lambda/${name}.ts`] },
}))

async function buildDoor({ name, options }: (typeof doors)[number], folder: string): Promise<void> {
  await build({ ...options, outfile: join(folder, 'index.mjs') })
  if (name === 'follower') copyEngineTo(folder)
}

if (flag === '--only-account' && accountFolder !== undefined) {
  for (const { name, options } of [{ name: 'cli', options: cli }, ...doors]) {
    const { metafile } = await build({ ...options, metafile: true, write: false })
    writeFileSync(join(accountFolder, `${name}.json`), JSON.stringify(metafile))
  }
} else if (flag === '--function') {
  const [name = '', folder = ''] = given
  const door = doors.find((one) => one.name === name)
  if (!door) throw new Error(`--function takes ${doors.map((one) => one.name).join(', ')}`)
  await buildDoor(door, join(folder, name))
} else {
  rmSync('dist', { recursive: true, force: true })
  mkdirSync('dist', { recursive: true })
  await build(cli)
  for (const door of doors) await buildDoor(door, join('dist/lambda', door.name))
  for (const place of ['dist/chunks', 'dist']) copyEngineTo(place)
  // What a tunnel server runs is read from beside the chunk that sends it.
  for (const place of ['dist/chunks', 'dist']) cpSync('src/tunnel/guest', join(place, 'guest'), { recursive: true })
  await buildPages({ root: 'web', logLevel: 'warn' })
}
