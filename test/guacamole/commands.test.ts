import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtInCatalogue } from '../../src/catalogue/built-in.ts'
import type { Command } from '../../src/cli/command.ts'
import { adoptGuacamole } from '../../src/cli/guacamole-adopt.ts'
import { applyGuacamole } from '../../src/cli/guacamole-apply.ts'
import { checkGuacamole } from '../../src/cli/guacamole-check.ts'
import { planGuacamole } from '../../src/cli/guacamole-plan.ts'
import { createOutput } from '../../src/cli/output.ts'
import { formatScope } from '../../src/model/scope.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { connectionOf, scopeOf } from '../fixtures/guacamole/connections.ts'
import { type FakeGuacamole, startFakeGuacamole } from '../fixtures/guacamole/fake-server.ts'
import { restStage } from '../fixtures/guacamole/rest-stage.ts'

/** The commands as people run them, beside a `serve` that found two instances. */
const folder = mkdtempSync(join(tmpdir(), 'enchilada-guacamole-'))
let server: FakeGuacamole

beforeAll(async () => {
  server = await startFakeGuacamole()
  const scope = scopeOf('111122223333')
  const store = await openSqlite(join(folder, 'enchilada.db'))
  const connections = [connectionOf({ n: 1, name: 'web' }), connectionOf({ n: 2, name: 'db' })]
  await builtInCatalogue(() => ({ tags: [], persons: [] })).write(store.db, scope, connections, 0)
  const row = {
    tenant: scope.tenant,
    account: scope.account,
    region: scope.region,
    account_name: null,
    state: 'fresh' as const,
  }
  const times = { detail: null, last_event_at: null, last_sweep_at: null, applied_begun_at: 0, drift: 0, held_back: 0 }
  await store.db
    .insertInto('scopes')
    .values({ scope: formatScope(scope), ...row, ...times })
    .execute()
  await store.close()
  writeFileSync(join(folder, 'password'), server.password)
  writeFileSync(
    join(folder, 'enchilada.yaml'),
    `
portal: { url: "https://enchilada.example.com" }
signIn: { issuer: "https://idp.example.com", clientId: enchilada }
aws: { homeRegion: eu-west-1 }
store: { sqlite: enchilada.db }
catalogue:
  guacamole:
    rest: { url: "${server.url}", userName: ${server.userName}, password: { file: ${join(folder, 'password')} } }
`,
  )
  policy('permit (principal in Enchilada::Group::"engineers", action == Enchilada::Action::"connect", resource);')
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

const policy = (cedar: string) => writeFileSync(join(folder, 'access.cedar'), cedar)

const commands: Readonly<Record<string, Command>> = {
  check: checkGuacamole,
  plan: planGuacamole,
  apply: applyGuacamole,
  adopt: adoptGuacamole,
}

async function enchilada(name: string, options: Record<string, unknown> = {}) {
  let written = ''
  const output = createOutput(true, (text) => {
    written += text
  })
  const command = commands[name] ?? expect.fail()
  const code = await command({ output, options: { config: join(folder, 'enchilada.yaml'), ...options }, args: [] })
  return { code, document: JSON.parse(written) }
}

test('check, adopt, plan and apply, with their documents and exit codes', async () => {
  const stage = await restStage(server)
  const byHand = await stage.byHand.makeConnection('old db', undefined, { hostname: '10.0.0.2' })
  await stage.byHand.makeConnection('somebody’s', undefined, { hostname: '192.0.2.1' })

  const check = await enchilada('check')
  expect(check.code).toBe(0)
  const findings: { what: string; state: string }[] = check.document.findings
  expect(findings.filter((one) => one.state !== 'ok').map((one) => one.what)).toEqual(['batch size'])
  expect(findings.map((one) => one.what)).toEqual(
    expect.arrayContaining(['marks', 'request size', 'permissions', 'clock', 'extensions']),
  )
  expect((await stage.see()).groups).toEqual([])

  const proposal = await enchilada('adopt')
  expect(proposal).toMatchObject({
    code: 2,
    document: { adopted: false, connections: [{ id: byHand, name: 'old db', becomes: 'db', by: 'address' }], left: 1 },
  })
  expect((await stage.see()).connections.filter((one) => one.ours)).toEqual([])
  expect(await enchilada('adopt', { yes: true })).toMatchObject({ code: 0, document: { adopted: true } })

  const plan = await enchilada('plan')
  expect(plan.code).toBe(2)
  const lines: { do: string; path: string[] }[] = plan.document.changes
  expect(lines.map((line) => `${line.do} ${line.path.join('/')}`)).toEqual(
    expect.arrayContaining(['add Enchilada/Prod/eu-west-1/web', 'change old db', 'grant Enchilada/Prod']),
  )

  expect(await enchilada('apply')).toMatchObject({
    code: 0,
    document: { scopes: [{ put: 2, removed: 0 }] },
  })
  expect(await enchilada('plan')).toEqual({ code: 0, document: { changes: [], refused: [] } })
  const seen = await stage.see()
  expect(seen.connections.map((one) => [one.name, one.readers]).sort()).toEqual([
    ['db', ['engineers']],
    ['somebody’s', []],
    ['web', ['engineers']],
  ])
  expect(seen.connections.find((one) => one.name === 'db')?.id).toBe(byHand)

  const web = seen.connections.find((one) => one.name === 'web')
  await stage.byHand.editConnection(web?.id ?? '', { host: '192.0.2.66' })
  expect((await enchilada('plan')).code).toBe(0)
  expect((await enchilada('plan', { deep: true })).code).toBe(2)

  policy('permit (principal in Enchilada::Group::"engineers", action, resource) when { context.mfa };')
  for (const name of ['apply', 'plan', 'check']) {
    await expect(enchilada(name)).rejects.toMatchObject({ code: 'POLICY_BEYOND_GROUPS' })
  }
  await stage.stop()
})
