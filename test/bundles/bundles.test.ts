import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'

/** What each bundle carries, from the bundler's own account of it. */
const metafile = z.object({
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(
    z.string(),
    z.object({
      inputs: z.record(z.string(), z.unknown()),
      imports: z.array(z.object({ path: z.string(), kind: z.string() })),
      entryPoint: z.string().optional(),
    }),
  ),
})
type Metafile = z.infer<typeof metafile>

let folder: string
const told = (name: string): Metafile => metafile.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')))
const packagesOf = (inputs: Iterable<string>): Set<string> =>
  new Set(
    [...inputs].flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? []),
  )

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'enchilada-bundles-'))
  execFileSync(process.execPath, ['script/build.ts', '--only-account', folder], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}, 240_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('writer and follower can ask neither EC2 nor STS, the observer and the reaper know no database', () => {
  const writer = packagesOf(Object.keys(told('writer').inputs))
  const follower = packagesOf(Object.keys(told('follower').inputs))
  const banned = ['@aws-sdk/client-ec2', '@aws-sdk/client-sts', '@aws-sdk/client-organizations', 'ssh2', 'hono']
  for (const packages of [writer, follower]) {
    expect(packages).toContain('pg')
    for (const name of banned) expect(packages).not.toContain(name)
  }
  // What a Guacamole takes is the follower's alone.
  for (const name of ['mysql2', '@cedar-policy/cedar-wasm']) {
    expect(follower).toContain(name)
    expect(writer).not.toContain(name)
  }
  const ways = (name: string) =>
    Object.keys(told(name).inputs).filter((path) => /^src\/(catalogue\/guacamole|config)\//.test(path))
  expect(ways('follower')).toContain('src/catalogue/guacamole/rest/session.ts')
  for (const name of ['writer', 'observer', 'reaper']) expect(ways(name)).toEqual([])
  for (const name of ['observer', 'reaper']) {
    const packages = packagesOf(Object.keys(told(name).inputs))
    expect(packages).toContain('@aws-sdk/client-ec2')
    for (const banned of ['pg', 'mysql2', 'kysely', 'ssh2', 'hono']) expect(packages).not.toContain(banned)
  }
})

/** Packages of all that Node loads when it loads this file: the chunks that it imports, and theirs. */
function loadedWith(source: string): Set<string> {
  const { outputs } = told('cli')
  const start = Object.entries(outputs).find(([, output]) => output.entryPoint === source)
  const loaded = new Set<string>()
  const load = (file: string) => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') load(path)
  }
  load(start?.[0] ?? '')
  return packagesOf([...loaded].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {})))
}

test('the command line starts without a database, CDK, React or an AWS client', () => {
  const packages = loadedWith('src/cli/main.ts')
  expect(packages).toContain('commander')
  for (const name of packages) expect(name).not.toMatch(/^(pg|mysql2|kysely|react|aws-cdk-lib|ssh2|@aws-sdk\/.*)$/)
  const all = packagesOf(Object.keys(told('cli').inputs))
  for (const banned of ['aws-cdk-lib', 'constructs', 'react', 'oidc-provider']) expect(all).not.toContain(banned)
})

test('a sign-in loads STS and no other client, and what asks AWS nothing loads none', () => {
  const clients = (source: string) => [...loadedWith(source)].filter((name) => name.startsWith('@aws-sdk/client-'))
  expect(clients('src/cli/login.ts')).toEqual(['@aws-sdk/client-sts'])
  expect(clients('src/cli/exec.ts')).toEqual(['@aws-sdk/client-sts'])
  for (const source of ['src/cli/tunnel-status.ts', 'src/cli/cost.ts', 'src/cli/netconf.ts']) {
    expect(loadedWith(source)).toContain('commander')
    expect(clients(source)).toEqual([])
  }
})
