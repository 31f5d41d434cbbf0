import { connectionId } from '../../src/model/connection.ts'
import { familyOf } from '../product/process-cost.ts'
import { waitFor } from '../product/serve.ts'
import { signIn } from '../product/sign-in.ts'
import { openTerminal } from '../product/terminal-client.ts'
import { accountId, openBenchWorld, REGIONS } from '../product/world.ts'
import { createMeter, type Gateway } from './gateway.ts'
import type { PasswordHost } from './password-host.ts'
import { SCREEN } from './screen.ts'

/** `serve` as built: signed in with a second factor, policy asked, host key checked, recorded, in the trail. */
export async function startOurGateway(host: PasswordHost): Promise<Gateway> {
  const [account, region] = [accountId(1), REGIONS[0]]
  const world = await openBenchWorld({
    fill: (cloud) =>
      void cloud.launch(account, region, {
        privateIp: '127.0.0.1',
        console: `-----BEGIN SSH HOST KEY KEYS-----\r\n${host.hostKey} root@host\r\n-----END SSH HOST KEY KEYS-----\r\n`,
      }),
    config: () => ({
      aws: { accounts: [{ id: account }], regions: [region] },
      credentials: [
        { name: 'bench', kind: 'password', source: { env: 'BENCH_PASSWORD' }, allowed: { accounts: [account] } },
      ],
      connections: { rules: [{ protocol: 'ssh', port: host.port, userName: host.userName, credential: 'bench' }] },
    }),
    policies: 'permit (principal in Enchilada::Group::"engineer", action, resource) when { context.mfa };',
    env: { BENCH_PASSWORD: host.password },
  })
  const { serving, provider, cloud } = world
  await waitFor('the sweep is over', 60_000, () => /"msg":"swept"/.test(serving.log()))
  const visitor = await signIn(serving.origin, provider, ['engineer'])
  const scope = { tenant: 'default', partition: 'aws', account, region } as const
  const connection = connectionId(scope, cloud.list(account, region)[0]?.id ?? '', 'ssh', host.port)
  return {
    name: 'Enchilada',
    pids: () => familyOf(serving.pid),
    close: world.close,
    async open() {
      const meter = createMeter()
      const terminal = await openTerminal(visitor, connection, SCREEN)
      terminal.onBytes((bytes) => meter.came(bytes.length, true))
      return {
        ...meter,
        type(text) {
          meter.went(Buffer.byteLength(text))
          terminal.type(text)
        },
        close: terminal.close,
      }
    },
  }
}
