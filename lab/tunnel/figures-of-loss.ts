import type { Laptop } from './laptop.ts'
import { gone, holderOf, until } from './probes.ts'
import { type Add, launchedAt, openTunnel, readyAt, recordAfter, serverOf } from './samples.ts'
import type { TunnelJourneyOptions, TunnelWorld } from './tunnel-world.ts'

/** After so much silence a server that AWS takes for running is given up. */
const SILENT_MS = 10_000

/** Everything but the boot of the next server: from the moment that AWS says it, or from the end of that silence. */
export async function measureLoss(
  how: 'terminated' | 'silent',
  options: TunnelJourneyOptions,
  laptop: Laptop,
  add: Add,
): Promise<void> {
  const up = await openTunnel(options, laptop)
  const lost = Date.now()
  if (how === 'terminated') await options.lab.setInstanceState(serverOf(up), 'terminated')
  else await options.hosts.find(serverOf(up))?.takeDown()
  const connects = () => up.lines.filter(({ event }) => event === 'connected')
  await until('a second server', async () => connects().length === 2, 60_000, 20)
  const [, again = up.connected] = connects()
  const boot = readyAt(options, String(again['instanceId'])) - launchedAt(up.lines)
  const took = again.at - lost - boot
  if (how === 'terminated') add('replacement', took)
  else add('silentReplacement', took - SILENT_MS)
  await laptop.cli(['down', 'lab'])
  await up.ended
}

/** From the end of a laptop to the disconnect in the log. */
export async function measureDeath(
  options: TunnelJourneyOptions,
  world: TunnelWorld,
  laptop: Laptop,
  add: Add,
): Promise<void> {
  const up = await openTunnel(options, laptop)
  await recordAfter(options, world, up, 'connection-attempt', 0)
  process.kill(await holderOf(laptop), 'SIGKILL')
  add('deadPeerLogged', await recordAfter(options, world, up, 'connection-reset', Date.now()))
  await laptop.cli(['gc', '--json'])
  await gone(options.lab, serverOf(up))
}
