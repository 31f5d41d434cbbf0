import type { LabInstance } from '../aws/doors.ts'
import type { AccountName } from '../aws/organisation.ts'
import { CIDR, makeTwinVpc } from './management-vpc.ts'
import { expectEqual, gone } from './probes.ts'
import { endsWell, type RunningUp, startUp } from './running-up.ts'
import type { Scene } from './scenes.ts'
import { launchTarget, type TunnelJourneyOptions, writeEnvironment } from './tunnel-world.ts'

const subnetOf = (environment: string): string => {
  const { networks }: { networks: { subnets: string[] }[] } = JSON.parse(environment)
  return networks[0]?.subnets[0] ?? ''
}

/** A host of that customer whose page is the customer's name. */
const launchNamed = (options: TunnelJourneyOptions, account: AccountName, environment: string, address?: string) =>
  launchTarget(options, options.organisation.accounts[account], {
    SubnetId: subnetOf(environment),
    ...(address !== undefined && { PrivateIpAddress: address }),
    userData: `#!/bin/bash
mkdir /run/page && echo ${account} >/run/page/index.html
setsid python3 -m http.server 80 --directory /run/page >/dev/null 2>&1 &
`,
  })

/** Two customers with one network: two engineers are each in their own; one who is in the first is refused the second. */
export const sameNetwork: Scene = async ({ step }, options, { vpc, makeLaptop }, laptop) => {
  const { lab } = options
  const twin = await step("another customer's management VPC with the same network, by cdk", () => makeTwinVpc(options))
  writeEnvironment('twin', twin)
  const address = await step('a host in each, of one address', async () => {
    const { privateIp } = await launchNamed(options, 'shared', vpc.environment)
    const other: LabInstance = await launchNamed(options, 'workload-2', twin, privateIp ?? '')
    expectEqual(other.privateIp, privateIp, 'address of the other')
    return privateIp ?? ''
  })
  const colleague = await makeLaptop(4, 'dan')
  try {
    const before = await colleague.picture()
    const [mine, theirs] = await step('two engineers, up lab and up twin', () =>
      Promise.all([startUp(laptop, ['lab']), startUp(colleague, ['twin'])]),
    )
    await step('that address is the host of each their own customer', async () => {
      for (const up of [mine, theirs])
        expectEqual(String(up.connected['leased']).includes(CIDR), true, `lease of ${CIDR}`)
      // The host is there before its web server is.
      const patiently = ['-sS', '-m', '20', '--retry', '10', '--retry-connrefused', '--retry-delay', '1']
      const pages = [laptop, colleague].map(({ run }) => run('curl', ...patiently, `http://${address}/`))
      expectEqual((await Promise.all(pages)).map((page) => page.trim()).join(), 'shared,workload-2', 'pages')
    })
    await step('who is in one is refused the other, and no server was made', async () => {
      const refused = await startUp(laptop, ['twin']).then(
        () => 'opened',
        (error: Error) => error.message,
      )
      expectEqual(/"code":"([A-Z_]+)"/.exec(refused)?.[1], 'TUNNEL_CLASH_OF_TUNNELS', `code of ${refused}`)
      const servers = (await lab.instances()).filter(({ tags }) => tags['enchilada:environment'] === 'twin')
      expectEqual(servers.map(({ id }) => id).join(), String(theirs.connected['instanceId']), 'servers')
    })
    await step('down, each their own', async () => {
      await Promise.all([laptop.cli(['down', 'lab']), colleague.cli(['down', 'twin'])])
      await Promise.all([mine, theirs].map((up) => endedWell(lab, up)))
      expectEqual(await colleague.picture(), before, 'network')
    })
  } finally {
    colleague.stop()
  }
}

async function endedWell(lab: TunnelJourneyOptions['lab'], up: RunningUp): Promise<void> {
  await endsWell(up)
  await gone(lab, String(up.connected['instanceId']))
}
