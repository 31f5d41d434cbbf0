import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/**
 * `enchilada login` at an identity provider that is not ours: Keycloak, its own pages, one-time codes, in Chromium, up to credentials of
 * the emulator. In a world without a network. `--seed` makes the same people with the same passwords.
 */
const { values } = parseArgs({ options: { seed: { type: 'string' }, json: { type: 'boolean', default: false } } })
const seed = values.seed ?? String(Date.now() % 2 ** 31)
const root = join(import.meta.dirname, '../..')

execFileSync(join(root, 'script/bootstrap'), ['--only', 'keycloak'], { stdio: 'inherit' })
const scenario = [join(root, 'test/login/keycloak/keycloak.scenario.ts'), join(root, '.tools/keycloak-26.4.0'), seed]
const said = execFileSync(join(root, 'lab/world/enter.sh'), [process.execPath, ...scenario], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
})
const cases: { ok: boolean }[] = JSON.parse(said)
const failed = cases.filter(({ ok }) => !ok).length
if (values.json) console.log(JSON.stringify({ name: 'saml', seed, cases: cases.length, failed, keycloak: '26.4.0' }))
else console.log(`seed ${seed}: ${cases.length} cases, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
