import { statSync } from 'node:fs'
import type { Laptop } from './laptop.ts'
import { readRecords, until } from './probes.ts'
import { type Line, type RunningUp, startUp } from './running-up.ts'
import type { TunnelJourneyOptions, TunnelWorld } from './tunnel-world.ts'

/** By the engine that is measured, whichever is the environment's. */
export const openTunnel = ({ engine }: TunnelJourneyOptions, laptop: Laptop): Promise<RunningUp> =>
  startUp(laptop, ['lab', '--engine', engine])

/** When the server's own network was ready: what its script does next is to write its guard. */
export const readyAt = ({ hosts }: TunnelJourneyOptions, server: string): number =>
  statSync(hosts.find(server)?.pathOf('/usr/local/lib/enchilada/guard.py') ?? '').mtimeMs

export const launchedAt = (lines: readonly Line[]): number =>
  lines.findLast(({ event, name }) => event === 'step' && name === 'server launched')?.at ?? Number.NaN

/** Takes samples of one figure. */
export type Add = (name: string, ...values: number[]) => void

export const serverOf = ({ connected }: RunningUp): string => String(connected['instanceId'])

/** When a record of that kind can be read, ms after `since`. */
export async function recordAfter(
  options: TunnelJourneyOptions,
  { vpc }: TunnelWorld,
  { connected }: RunningUp,
  kind: string,
  since: number,
): Promise<number> {
  const isThere = async () =>
    (await readRecords(options, vpc, String(connected['lease']))).some((one) => one['connection-log-type'] === kind)
  await until(`a ${kind} in the log`, isThere, 30_000, 20)
  return Date.now() - since
}
