import { createHash } from 'node:crypto'
import type { HeldConnection } from '../tree.ts'

const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24

export type Turn = {
  /** Guacamole's ids of connections whose parameters are read. */
  parametersOf: readonly string[]
  /** Whether the grants are read. */
  grants: boolean
}
export type Turns = (connections: readonly HeldConnection[], scope: string, now: number) => Turn

/**
 * Each connection of ours has its turn in one hour of so many that about `anHour` have theirs at once; the grants of each scope have
 * theirs in one hour of the day. By the clock alone, so that neither a restart nor a scope that is looked at first takes a turn
 * from another.
 */
export function createTurns(anHour: number): Turns {
  let current = 0
  const had = new Set<string>()
  return (connections, scope, now) => {
    if (anHour === 0) return { parametersOf: [], grants: false }
    const hour = Math.floor(now / HOUR_MS)
    if (hour !== current) had.clear()
    current = hour
    const grants = hour % HOURS_A_DAY === hourOf(scope) && !had.has(scope)
    if (grants) had.add(scope)
    const ours = connections.filter(({ mark }) => mark !== undefined)
    const hours = Math.ceil(ours.length / anHour)
    const due = ours.filter(
      ({ id, mark }) => mark?.scope === scope && !had.has(id) && Number(id) % hours === hour % hours,
    )
    for (const { id } of due) had.add(id)
    return { parametersOf: due.map(({ id }) => id), grants }
  }
}

/** Spreads scopes over the day. */
const hourOf = (scope: string): number => createHash('sha256').update(scope).digest().readUInt32BE() % HOURS_A_DAY
