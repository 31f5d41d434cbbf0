import { resolve } from 'node:path'
import { createEngineer } from '../aws/engineer.ts'
import { readParametersBelow } from '../aws/parameters.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Trail } from '../model/audit-event.ts'
import { asReaper, type Reaped, reap } from '../tunnel/reap.ts'
import { openRegistry } from '../tunnel/registry/registry.ts'
import type { TunnelSettings } from '../tunnel/settings.ts'

export type ServeReaperOptions = {
  settings: TunnelSettings
  /** Where a relative place of environments starts. */
  folder: string
  region: string
  trail: Trail
  clock: Clock
  log: Log
}

/** Rounds of the standing reaper within `serve`: the environments are read anew with each, every account is visited by its reaper role. */
export function createServeReaper({ settings, folder, region, trail, clock, log }: ServeReaperOptions) {
  const { environments: place } = settings
  const at = place.startsWith('ssm:') ? place : resolve(folder, place)
  const registry = openRegistry(at, (path) => readParametersBelow(path, { profile: undefined, region }))
  const engineer = createEngineer({ clock, profile: undefined })
  return async function round(): Promise<Reaped> {
    const reaped = await reap({ engineer, trail, clock }, (await registry.all()).map(asReaper))
    const { ended, closed, failed } = reaped
    if (ended.length + closed.length > 0) log.warn({ ended, closed }, 'tunnel servers outlived their time')
    if (failed.length > 0) log.error({ failed }, 'the reaper of tunnels could not do everything; it comes again')
    return reaped
  }
}
