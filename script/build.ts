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
  minify: true,
  // Class names are part of errors; AWS's ES modules are half the size of what `platform: node` takes by default.
  keepNames: true,
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
const doors = ['observer', 'writer', 'reaper'].map((name) => ({
  name,
  options: { ...common, entryPoints: [`src/lambda/${name}.ts`], outfile: `dist/lambda/${name}/index.mjs` },
}))

if (flag === '--only-account' && accountFolder !== undefined) {
  for (const { name, options } of [{ name: 'cli', options: cli }, ...doors]) {
    const { metafile } = await build({ ...options, metafile: true, write: false })
    writeFileSync(join(accountFolder, `${name}.json`), JSON.stringify(metafile))
  }
} else if (flag === '--function') {
  const [name = '', folder = ''] = given
  const door = doors.find((one) => one.name === name)
  if (!door) throw new Error(`--function takes ${doors.map((one) => one.name).join(', ')}`)
  await build({ ...door.options, outfile: join(folder, name, 'index.mjs') })
} else {
  rmSync('dist', { recursive: true, force: true })
  mkdirSync('dist', { recursive: true })
  await build(cli)
  for (const { options } of doors) await build(options)
  // The policy engine reads its WebAssembly from beside the file that it is bundled into.
  const wasm = join(dirname(require.resolve('@cedar-policy/cedar-wasm/nodejs')), 'cedar_wasm_bg.wasm')
  for (const place of ['dist/chunks', 'dist']) cpSync(wasm, join(place, 'cedar_wasm_bg.wasm'))
  // What a tunnel server runs is read from beside the chunk that sends it.
  for (const place of ['dist/chunks', 'dist']) cpSync('src/tunnel/guest', join(place, 'guest'), { recursive: true })
  await buildPages({ root: 'web', logLevel: 'warn' })
}
