import type { Engine } from '../world/settings.ts'
import type { BareEngine } from './bare-engine.ts'
import { bareOpenvpn } from './bare-openvpn.ts'
import { bareWireguard } from './bare-wireguard.ts'
import { deviceOf } from './engines.ts'
import type { Laptop } from './laptop.ts'
import { bytesASecond } from './one-stream.ts'
import { type Add, openTunnel, serverOf } from './samples.ts'
import type { TunnelJourneyOptions, TunnelWorld } from './tunnel-world.ts'

export const bareEngineOf = (engine: Engine): BareEngine => (engine === 'wireguard' ? bareWireguard : bareOpenvpn)

/** One stream through the tunnel and one through the bare engine, in pairs; each is the first of every other pair. */
export async function measureBytes(
  options: TunnelJourneyOptions,
  { peer }: TunnelWorld,
  laptop: Laptop,
  pairs: number,
  add: Add,
): Promise<void> {
  const { engine, hosts, lab } = options
  const up = await openTunnel(options, laptop)
  const server = await lab.instance(serverOf(up))
  const namespaceOf = (id: string) => hosts.find(id)?.namespace ?? ''
  const target = peer.privateIp ?? ''
  const ends = { laptop, server: namespaceOf(server.id), publicAddress: server.publicIp ?? '', target }
  const bare = await bareEngineOf(engine).connect(ends)
  const ways = [
    ['bytesASecond', deviceOf(up)],
    ['bareBytesASecond', bare.device],
  ] as const
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const [name, device] of pair % 2 === 0 ? ways : ways.toReversed()) {
      await laptop.run('ip', 'route', 'replace', `${target}/32`, 'dev', device)
      add(name, await bytesASecond(laptop, namespaceOf(peer.id), target))
    }
  }
  await laptop.run('ip', 'route', 'del', `${target}/32`)
  await bare.remove()
  await laptop.cli(['down', 'lab'])
  await up.ended
}
