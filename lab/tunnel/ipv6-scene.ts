import { listenInNamespace } from '../hosts/listen-in-namespace.ts'
import { run } from '../world/commands.ts'
import { allow, deviceOf } from './engines.ts'
import { expectEqual, gone, isOpen } from './probes.ts'
import { startUp } from './running-up.ts'
import type { Scene } from './scenes.ts'

const METADATA = 'fd00:ec2::254'
const [SERVER, GATEWAY, CLIENT] = ['fd00:ec2:1::2', 'fd00:ec2:1::1', 'fd00:ec2:2::2']

/**
 * A server in a VPC that has IPv6, and would forward it: its client reaches neither the metadata service by that address nor the server itself.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export const ipv6Closed: Scene = async ({ step }, { engine, hosts, lab }, _, laptop) => {
  const up = await step('up in a VPC with IPv6', () => startUp(laptop, ['lab']))
  const server = await lab.instance(String(up.connected['instanceId']))
  const vpc = hosts.vpcs().find(({ id }) => id === server.vpc?.id)?.namespace ?? ''
  const host = hosts.find(server.id)?.namespace ?? ''
  await run('ip', ['-n', vpc, '-batch', '-'], {
    input: `addr add ${METADATA}/128 dev lo\naddr add ${GATEWAY}/64 dev br0 nodad\n`,
  })
  await run('ip', ['-n', host, '-batch', '-'], {
    input: `addr add ${SERVER}/64 dev eth0 nodad\nroute add ${METADATA}/128 via ${GATEWAY}\n`,
  })
  await run('ip', ['netns', 'exec', host, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1'])
  const doors = [await listenInNamespace(vpc, METADATA, 80), await listenInNamespace(host, SERVER, 80)]
  try {
    await step('the server itself reaches its metadata service by IPv6', () =>
      run('ip', ['netns', 'exec', host, 'timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${METADATA}/80`]),
    )
    const device = deviceOf(up)
    await step('its client does not, nor the server', async () => {
      await laptop.run('ip', 'addr', 'add', `${CLIENT}/128`, 'dev', device, 'nodad')
      for (const address of [METADATA, SERVER]) {
        await allow(engine, laptop, device, address)
        await laptop.run('ip', 'route', 'add', `${address}/128`, 'dev', device)
        expectEqual(await isOpen(laptop, address, 80), false, `${address}:80`)
      }
    })
  } finally {
    for (const door of doors) door.close()
  }
  await laptop.cli(['down', 'lab'])
  await up.ended
  await gone(lab, server.id)
}
