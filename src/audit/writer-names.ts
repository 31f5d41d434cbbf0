import type { Clock } from '../kernel/clock.ts'
import { newToken } from '../kernel/ids.ts'
import type { Store } from '../store/store.ts'

/** After a hold has ended nobody takes the name for so long: clocks differ, and a last call may still be on its way. */
const SPARE_MS = 60_000

/**
 * Names for writers that come and go, such as the instances of a Lambda function: each process holds one that no other holds, and
 * ended ones are taken again. So there are as many chains as there ever were processes at once, not one for each that ever began.
 */
export type WriterNames = {
  /** The name that this process may write under for so long; the same one again as long as nobody else took it. */
  hold(ms: number): Promise<{ name: string; until: number; isNew: boolean }>
}

export function createWriterNames(options: { store: Store; prefix: string; clock: Clock }): WriterNames {
  const { store, prefix, clock } = options
  const holder = newToken()
  return {
    hold: (ms) =>
      store.withLock(`audit-writers ${prefix}`, async (trx) => {
        const now = clock.now()
        const until = now + ms
        const rows = (await trx.selectFrom('audit_writers').selectAll().orderBy('name').execute()).filter(({ name }) =>
          name.startsWith(`${prefix}-`),
        )
        const mine = rows.find((row) => row.holder === holder)
        const free = mine ?? rows.find((row) => row.held_until + SPARE_MS < now)
        const name = free?.name ?? `${prefix}-${rows.length + 1}`
        const row = { holder, held_until: until }
        if (free) await trx.updateTable('audit_writers').set(row).where('name', '=', name).execute()
        else
          await trx
            .insertInto('audit_writers')
            .values({ name, ...row })
            .execute()
        return { name, until, isNew: !mine }
      }),
  }
}
