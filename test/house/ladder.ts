import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { init, parse } from 'es-module-lexer'
import { transform } from 'esbuild'

/** The rung of each folder of src: a file imports its own folder and lower rungs. */
export const rungs: Readonly<Record<string, number>> = {
  kernel: 0,
  model: 1,
  policy: 2,
  wanted: 3,
  aws: 4,
  store: 4,
  inventory: 5,
  catalogue: 5,
  credentials: 5,
  'sign-in': 5,
  'aws-login': 5,
  access: 5,
  audit: 5,
  recording: 5,
  reconcile: 6,
  gateway: 6,
  tunnel: 6,
  guacamole: 6,
  config: 7,
  lambda: 8,
  portal: 8,
  netconf: 8,
  cli: 9,
}

/** `takes`: the whole statement. */
export type Import = { file: string; specifier: string; takes: string; typeOnly: boolean; reExportsAll: boolean }
export type Breach = { file: string; specifier: string; why: string }

export function listSources(root: string, folders: readonly string[]): string[] {
  // git keeps no empty folder: one that nothing stands in yet is not there in a clone.
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)))
        .filter((file) => !file.includes('node_modules')),
    )
}

export async function importsOf(file: string, source: string): Promise<Import[]> {
  await init
  const code = file.endsWith('.tsx') ? await withoutJsx(source) : source
  const [imports] = parse(code, file)
  return imports
    .filter((found) => typeof found.specifier === 'string')
    .map((found) => ({
      file,
      specifier: String(found.specifier),
      takes: code.slice(found.importStart, found.importEnd),
      typeOnly: 'typeOnly' in found && found.typeOnly === true,
      reExportsAll: found.type === 'reexport-star',
    }))
}

/** The lexer knows no JSX. What is imported for its types alone goes with it; from a page that is allowed everywhere. */
async function withoutJsx(source: string): Promise<string> {
  const { code } = await transform(source, {
    loader: 'tsx',
    jsx: 'automatic',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  })
  return code
}

export const readSource = (root: string, file: string): string => readFileSync(join(root, file), 'utf8')

/** `src/audit/trail.ts` + `../model/scope.ts` → `src/model/scope.ts`; a package stays as it is. */
export const targetOf = (found: Import): string =>
  found.specifier.startsWith('.')
    ? relative('.', resolve(dirname(found.file), found.specifier)).replaceAll('\\', '/')
    : found.specifier

const top = (path: string): string => path.split('/')[0] ?? ''
const folderOf = (path: string): string => path.split('/')[1] ?? ''
const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)
const contract = 'src/portal/contract/'

type Rule = { why: string; broken: (found: Import, target: string) => boolean }

export const rules: readonly Rule[] = [
  {
    why: 'a file imports its own folder and lower rungs only, so that every part can be read and tested without what is built on it',
    broken: ({ file }, target) => {
      if (top(file) !== 'src' || top(target) !== 'src') return false
      const [from, to] = [folderOf(file), folderOf(target)]
      return from !== to && (rungs[to] ?? 99) >= (rungs[from] ?? -1)
    },
  },
  {
    why: 'src never knows the lab, the tests, the benches or the deployment: what only works there is a toy',
    broken: ({ file }, target) =>
      top(file) === 'src' && ['lab', 'deploy', 'bench', 'web', 'script'].includes(top(target)),
  },
  {
    why: 'fixtures are for tests: a product file that needs one carries test code to customers',
    broken: ({ file }, target) => top(file) === 'src' && !isTest(file) && top(target) === 'test',
  },
  {
    why: 'the lab judges the product through its doors and stock tools; an import would let it believe the product',
    broken: ({ file }, target) => top(file) === 'lab' && top(target) === 'src',
  },
  {
    why: 'pages share types with the server and only those of the contract: server code in a browser is a leak',
    broken: ({ file, typeOnly }, target) =>
      top(file) === 'web' && top(target) === 'src' && !(typeOnly && target.startsWith(contract)),
  },
  {
    why: 'the deployment knows the settings of the Lambda doors and nothing else of the product',
    broken: ({ file }, target) =>
      top(file) === 'deploy' &&
      !isTest(file) &&
      top(target) === 'src' &&
      !/^src\/lambda\/(follower-)?environment\.ts$/.test(target),
  },
  {
    why: 'only src/aws builds AWS clients: accounts, rate limits, SourceIdentity and endpoints are decided in one place',
    broken: ({ file, takes, typeOnly }, target) =>
      top(file) === 'src' &&
      folderOf(file) !== 'aws' &&
      !typeOnly &&
      !isTest(file) &&
      (target.startsWith('@aws-sdk/credential') ||
        (target.startsWith('@aws-sdk/client-') && /(?<!type \w*)Client\b/.test(takes))),
  },
  {
    why: 'rungs 2 and 3 are pure: no files, no network, no clock, so that they can be tested by properties alone',
    broken: ({ file, typeOnly }, target) =>
      top(file) === 'src' &&
      ['policy', 'wanted'].includes(folderOf(file)) &&
      !isTest(file) &&
      !typeOnly &&
      (/^node:(?!crypto$)/.test(target) || target === 'src/kernel/clock.ts'),
  },
  {
    why: 'a barrel hides where a thing lives and loads what nobody asked for',
    broken: ({ reExportsAll }) => reExportsAll,
  },
]

export function breachesOf(found: readonly Import[]): Breach[] {
  return found.flatMap((one) =>
    rules
      .filter((rule) => rule.broken(one, targetOf(one)))
      .map((rule) => ({ file: one.file, specifier: one.specifier, why: rule.why })),
  )
}
