import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { run } from '../../src/kernel/run.ts'

const folder = mkdtempSync(join(tmpdir(), 'enchilada-unfit-'))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true }))
writeFileSync(
  join(folder, 'environments.yaml'),
  `name: customer-a
account: "111122223333"
networks:
  - region: eu-west-1
    vpc: vpc-0123456789abcdef0
    subnets: [subnet-0123456789abcdef0]
    securityGroup: sg-0123456789abcdef0
`,
)

/** Programs of a machine that has no other: this machine's own, or a script of one line. */
function programs(name: string, own: readonly string[], scripts: Record<string, string> = {}): string {
  const place = mkdtempSync(join(folder, name))
  chmodSync(place, 0o755)
  for (const program of own) symlinkSync(join('/usr/sbin', program), join(place, program))
  for (const [program, line] of Object.entries(scripts)) {
    writeFileSync(join(place, program), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
  }
  return place
}

/** Nothing listens where AWS would be: what is refused with another code was refused before AWS was asked. */
async function up(engine: string, path: string, as: readonly string[] = []) {
  const main = join(import.meta.dirname, '../../src/cli/main.ts')
  const variables = {
    ...{
      PATH: path,
      HOME: mkdtempSync(join(folder, 'home-')),
      ENCHILADA_ENVIRONMENTS: join(folder, 'environments.yaml'),
    },
    ...{ AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_EC2_METADATA_DISABLED: 'true' },
  }
  chmodSync(variables.HOME, 0o777)
  const env = Object.entries(variables).map((pair) => pair.join('='))
  const { code, stdout, stderr } = await run([
    ...['unshare', '--net', ...as, 'env', '-i', ...env],
    ...[process.execPath, main, 'up', 'customer-a', '--engine', engine, '--json'],
  ])
  const [, error] = /"code":"([A-Z_]+)"/.exec(stderr) ?? []
  return { code, stdout, error, stderr }
}

const isRoot = process.getuid?.() === 0
const withoutRights = ['setpriv', '--bounding-set', '-net_admin', '--inh-caps', '-net_admin']

test.skipIf(!isRoot).each([
  [
    'an OpenVPN that is too old',
    'openvpn',
    () => programs('old', ['ip'], { openvpn: 'echo OpenVPN 2.5.9 x86_64; exit 1' }),
    'NETCONF_PROGRAM_TOO_OLD',
  ],
  ['no OpenVPN', 'openvpn', () => programs('none', ['ip']), 'NETCONF_PROGRAM_MISSING'],
  ['no wg', 'wireguard', () => programs('none', ['ip']), 'NETCONF_PROGRAM_MISSING'],
])(
  '%s is found before anything is launched',
  async (_, engine, path, error) => {
    expect(await up(engine, path())).toMatchObject({ code: 1, stdout: '', error })
  },
  60_000,
)

test.skipIf(!isRoot).each(['wireguard', 'openvpn'])(
  'no right to make a device for %s is found before anything is launched',
  async (engine) => {
    const path = '/usr/sbin:/usr/bin:/sbin:/bin'
    expect(await up(engine, path, withoutRights)).toMatchObject({
      ...{ code: 1, stdout: '', error: 'NETCONF_STEP_FAILED' },
    })
  },
  60_000,
)

test.skipIf(!isRoot)(
  'whom sudo does not admit is told so before anything is launched',
  async () => {
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    const path = programs('sudo', ['ip'], { sudo: 'echo "nobody is not in the sudoers file" >&2; exit 1' })
    expect(await up('wireguard', path, nobody)).toMatchObject({ code: 1, stdout: '', error: 'TUNNEL_NETWORK_FAILED' })
  },
  60_000,
)
