import { resolve } from 'node:path'
import { createEngineer } from '../aws/engineer.ts'
import { readParametersBelow } from '../aws/parameters.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Log } from '../kernel/log.ts'
import type { Trail } from '../model/audit-event.ts'
import type { Store } from '../store/store.ts'
import { takeTurn } from '../store/turns.ts'
import { asReaper, type Reaped, reap } from '../tunnel/reap.ts'
import { openRegistry } from '../tunnel/registry/registry.ts'
import type { TunnelSettings } from '../tunnel/settings.ts'

export type ServeReaperOptions = {
  settings: TunnelSettings
  /** Where a relative place of environments starts. */
  folder: string
  region: string
  /** Nodes of one database take turns. */
  node: string
  store: Store
  trail: Trail
  clock: Clock
  log: Log
}

/** Beyond the round that is missed first: clocks differ, and a round takes its time. */
const SPARE_MS = 60_000

/**
 * Rounds of the standing reaper within `serve`: the environments are read anew with each, every account is visited by its reaper role. Of several nodes one
 * has the turn, and keeps it while it lives; for the others a round is nothing.
 */
export function createServeReaper(options: ServeReaperOptions) {
  const { settings, folder, region, node, store, trail, clock, log } = options
  const { environments: place, reapEvery } = settings
  const at = place.startsWith('ssm:') ? place : resolve(folder, place)
  const registry = openRegistry(at, (path) => readParametersBelow(path, { profile: undefined, region }))
  const engineer = createEngineer({ clock, profile: undefined })
  const turn = { name: 'tunnel reaper', holder: node, clock, ms: 2 * reapEvery + SPARE_MS }
  return async function round(): Promise<Reaped | undefined> {
    if (!(await takeTurn(store, turn))) return undefined
    const reaped = await reap({ engineer, trail, clock }, (await registry.all()).map(asReaper))
    const { ended, closed, failed } = reaped
    if (ended.length + closed.length > 0) log.warn({ ended, closed }, 'tunnel servers outlived their time')
    if (failed.length > 0) log.error({ failed }, 'the reaper of tunnels could not do everything; it comes again')
    return reaped
  }
}
