import type { Laptop } from './laptop.ts'
import { ZONE } from './management-vpc.ts'
import { expectEqual, gone } from './probes.ts'
import { type RunningUp, startUp } from './running-up.ts'
import type { Scene } from './scenes.ts'

const warningsOf = ({ lines }: RunningUp): string =>
  lines.flatMap(({ event, code }) => (event === 'warning' ? [String(code)] : [])).join()

const zonesOf = ({ connected }: RunningUp): string[] => {
  const { dns } = connected as { dns?: { zones: string[] } | null }
  return dns?.zones ?? []
}

/** A zone that the machine asks elsewhere stays there; a machine that does not ask systemd-resolved keeps its resolv.conf. Either way the tunnel is up. */
export const namesLeftAlone: Scene = async ({ step }, { lab }, { peer }, laptop) => {
  const { resolved } = laptop
  const resolvectl = (...words: string[]) => laptop.run(`${resolved.bin}/resolvectl`, ...words)
  const opened = async (check: (up: RunningUp) => Promise<void>) => {
    const up = await startUp(laptop, ['lab'])
    await laptop.run('ping', '-c', '1', '-W', '3', peer.privateIp ?? '')
    await check(up)
    await end(laptop, up)
    await gone(lab, String(up.connected['instanceId']))
  }
  await resolvectl('domain', 'wlan0', `~${ZONE}`)
  await step('a zone that the home network has stays there, and is told', () =>
    opened(async (up) => {
      expectEqual(warningsOf(up), 'NETCONF_ZONE_TAKEN', 'warnings')
      expectEqual(zonesOf(up).includes(ZONE), false, `${ZONE} through the tunnel`)
      expectEqual(zonesOf(up).includes('compute.internal'), true, 'compute.internal through the tunnel')
      expectEqual((await resolvectl('domain', 'wlan0')).includes(`~${ZONE}`), true, `${ZONE} at home`)
    }),
  )
  await resolvectl('domain', 'wlan0', '')
  resolved.replaceBy('192.168.99.1')
  const before = await laptop.run('cat', '/etc/resolv.conf')
  await step('a machine without systemd-resolved is told so, and its resolv.conf is left alone', () =>
    opened(async (up) => {
      expectEqual(warningsOf(up), 'NETCONF_DNS_UNHEEDED', 'warnings')
      expectEqual(zonesOf(up).length, 0, 'zones through the tunnel')
      expectEqual(await laptop.run('cat', '/etc/resolv.conf'), before, 'resolv.conf')
    }),
  )
  resolved.replaceBy(undefined)
}

async function end(laptop: Laptop, up: RunningUp): Promise<void> {
  await laptop.cli(['down', 'lab'])
  await up.ended
}
