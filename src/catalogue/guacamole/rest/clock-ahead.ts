import type { Clock } from '../../../kernel/clock.ts'
import type { RestSession } from './session.ts'

/** The server tells whole seconds, so on the average half a second has gone since. */
const HALF_A_SECOND = 500

/** Milliseconds by which a node's clock is ahead of ours, to half a second and half the way there and back; undefined where it does not tell. */
export async function readClockAhead(session: RestSession, clock: Pick<Clock, 'now'>): Promise<number | undefined> {
  const path = `session/data/${await session.dataSource()}/self`
  const asked = clock.now()
  const { at } = await session.call('GET', path)
  return at === undefined ? undefined : Math.round(at + HALF_A_SECOND - (asked + clock.now()) / 2)
}
