import { run } from '../world/commands.ts'
import type { Engine } from '../world/settings.ts'
import type { Laptop } from './laptop.ts'
import type { RunningUp } from './running-up.ts'

export const deviceOf = ({ connected }: RunningUp): string => `ench${String(connected['lease']).slice(-8)}`

/** Has the laptop's engine take packets for an address that is not leased: WireGuard drops them itself, OpenVPN takes what is routed. */
export async function allow(engine: Engine, laptop: Laptop, device: string, address: string): Promise<void> {
  if (engine !== 'wireguard') return
  const [peer = '', ips = ''] = (await laptop.run('wg', 'show', device, 'allowed-ips')).trim().split('\t')
  const allowed = [...ips.split(' '), `${address}/${address.includes(':') ? 128 : 32}`].join()
  await laptop.run('wg', 'set', device, 'peer', peer, 'allowed-ips', allowed)
}

/** While `work` goes on, the laptop's network swallows its UDP. */
export async function withoutUdp({ name }: Laptop, work: () => Promise<void>): Promise<void> {
  const chain = 'type filter hook forward priority -10;'
  await run('nft', ['-f', '-'], {
    input: `table inet cafe { chain out { ${chain} iifname "${name}" meta l4proto udp drop; }; }\n`,
  })
  try {
    await work()
  } finally {
    await run('nft', ['delete', 'table', 'inet', 'cafe'])
  }
}
