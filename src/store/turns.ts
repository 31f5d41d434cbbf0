import type { Clock } from '../kernel/clock.ts'
import type { Store } from './store.ts'

export type Turn = {
  name: string
  holder: string
  clock: Clock
  /** How long it stays the holder's who does not come again. */
  ms: number
}

/** Takes or keeps the turn at something that one process at a time does for all; false while it is another's. */
export const takeTurn = (store: Pick<Store, 'withLock'>, { name, holder, clock, ms }: Turn): Promise<boolean> =>
  store.withLock(`turn ${name}`, async (trx) => {
    const now = clock.now()
    const row = await trx.selectFrom('turns').selectAll().where('name', '=', name).executeTakeFirst()
    if (row && row.holder !== holder && row.held_until >= now) return false
    const taken = { holder, held_until: now + ms }
    await trx
      .insertInto('turns')
      .values({ name, ...taken })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(taken))
      .execute()
    return true
  })
