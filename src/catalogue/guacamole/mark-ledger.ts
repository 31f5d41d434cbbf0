import type { Database, Store } from '../../store/store.ts'

/** An object of Guacamole, such as `connection 12`. */
export type MarkedObject = `${'connection' | 'connectionGroup'} ${string}`
/** No mark: the object is gone, or says so itself. */
export type MarkEntry = readonly [object: MarkedObject, mark: string | undefined]

/** Marks of one Guacamole that does not keep them itself. */
export type MarkLedger = {
  read(): Promise<ReadonlyMap<MarkedObject, string>>
  /** Absent where the ledger may only be looked at. */
  write?(entries: readonly MarkEntry[]): Promise<void>
}

export async function readMarks(db: Database, target: string): Promise<ReadonlyMap<MarkedObject, string>> {
  const rows = await db.selectFrom('guacamole_marks').select(['object', 'mark']).where('target', '=', target).execute()
  return new Map(rows.map((row) => [row.object, row.mark]))
}

const ROWS = 500

/** `target`: which Guacamole, because ids mean nothing in another. */
export function storeLedger({ db }: Pick<Store, 'db'>, target: string): MarkLedger {
  return {
    read: () => readMarks(db, target),
    async write(entries) {
      for (let at = 0; at < entries.length; at += ROWS) {
        const some = entries.slice(at, at + ROWS)
        const kept = some.flatMap(([object, mark]) => (mark === undefined ? [] : [{ target, object, mark }]))
        const gone = some.flatMap(([object, mark]) => (mark === undefined ? [object] : []))
        await db.transaction().execute(async (trx) => {
          if (gone.length > 0) {
            await trx.deleteFrom('guacamole_marks').where('target', '=', target).where('object', 'in', gone).execute()
          }
          if (kept.length === 0) return
          await trx
            .insertInto('guacamole_marks')
            .values(kept)
            .onConflict((conflict) =>
              conflict
                .columns(['target', 'object'])
                .doUpdateSet((excluded) => ({ mark: excluded.ref('excluded.mark') })),
            )
            .execute()
        })
      }
    },
  }
}
