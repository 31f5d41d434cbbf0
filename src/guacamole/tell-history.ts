import { type History, type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { toIso } from '../kernel/clock.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'

export type TellDeps = {
  store: Store
  history: History
  /** Uuids of sessions that are live on some node; undefined where that cannot be known. */
  live(): Promise<ReadonlySet<string> | undefined>
}

export type Told = { started: number; ended: number; lost: number }

const KINDS = ['session', 'login'] as const
const ROWS = 500

/**
 * One look: what began since the last one and what has ended since goes into the outbox of the trail, in the transaction that
 * remembers it. So each is told once, whatever is restarted in between. What Guacamole says is a claim.
 */
export async function tellHistory({ store, history, live }: TellDeps): Promise<Told> {
  const told: Told = { started: 0, ended: 0, lost: 0 }
  for (const kind of KINDS) {
    const { rows, isAll } = await history.newest(kind)
    const open = await openRows(store, kind)
    const seen = new Set(rows.map((row) => row.id))
    const missing = [...open].filter((id) => !seen.has(id))
    const all = [...rows, ...(await history.again(kind, missing))]
    // Asked after the rows: a session that began in between is not thought lost.
    const alive = kind === 'session' ? await live() : undefined
    await store.withLock(`guacamole history ${kind}`, async (trx) => {
      const known = new Map(
        (await trx.selectFrom('guacamole_history').selectAll().where('kind', '=', kind).execute()).map((row) => [
          Number(row.id),
          row.told,
        ]),
      )
      const events: AuditEvent[] = []
      const fresh = all.filter((row) => !known.has(row.id))
      if (!isAll && known.size > 0 && rows.every((row) => !known.has(row.id))) events.push(gapOf(kind, rows))
      const lost = (row: HistoryRow) =>
        row.endedAt === undefined && alive !== undefined && !alive.has(historyUuid(kind, row.id)) && known.has(row.id)
      const over = all.filter((row) => known.get(row.id) !== 'end' && (row.endedAt !== undefined || lost(row)))
      for (const row of fresh.sort((a, b) => a.id - b.id)) events.push(startOf(row))
      for (const row of over) events.push(endOf(row))
      await putInOutbox(trx, events)
      const ended = new Set(over.map((row) => row.id))
      const written = [...fresh, ...over.filter((row) => known.has(row.id))].map((row) => ({
        kind,
        id: row.id,
        started_at: row.startedAt,
        told: ended.has(row.id) ? ('end' as const) : ('start' as const),
      }))
      for (let at = 0; at < written.length; at += ROWS) {
        await trx
          .insertInto('guacamole_history')
          .values(written.slice(at, at + ROWS))
          .onConflict((conflict) =>
            conflict.columns(['kind', 'id']).doUpdateSet((excluded) => ({ told: excluded.ref('excluded.told') })),
          )
          .execute()
      }
      told.started += fresh.length
      told.ended += over.length
      told.lost += over.filter((row) => row.endedAt === undefined).length
    })
  }
  if (told.started + told.ended > 0) await store.notify.publish('trail-outbox', { records: told.started + told.ended })
  return told
}

async function openRows({ db }: Store, kind: HistoryRow['kind']): Promise<Set<number>> {
  const rows = await db
    .selectFrom('guacamole_history')
    .select('id')
    .where('kind', '=', kind)
    .where('told', '=', 'start')
    .execute()
  return new Set(rows.map((row) => Number(row.id)))
}

const baseOf = (row: HistoryRow) => ({
  actor: row.userName,
  subject: row.connection?.name ?? row.userName,
  session: historyUuid(row.kind, row.id),
  source: 'claim' as const,
})

const startOf = (row: HistoryRow): AuditEvent => ({
  ...baseOf(row),
  kind: row.kind === 'session' ? 'guacamole.connected' : 'guacamole.signed-in',
  data: {
    historyId: row.id,
    at: toIso(row.startedAt),
    from: row.remoteHost,
    ...(row.connection ? { connection: row.connection.id } : {}),
  },
})

/** The end of a session whose web application died is never written down: then only that it is over is known. */
const endOf = (row: HistoryRow): AuditEvent => ({
  ...baseOf(row),
  kind: row.kind === 'session' ? 'guacamole.disconnected' : 'guacamole.signed-out',
  data:
    row.endedAt === undefined
      ? { historyId: row.id, why: 'lost' }
      : {
          historyId: row.id,
          at: toIso(row.endedAt),
          seconds: Math.max(0, Math.round((row.endedAt - row.startedAt) / 1000)),
        },
})

const gapOf = (kind: HistoryRow['kind'], rows: readonly HistoryRow[]): AuditEvent => ({
  kind: 'guacamole.history-gap',
  actor: 'system:guacamole',
  subject: kind,
  source: 'fact',
  data: {
    before: toIso(Math.min(...rows.map((row) => row.startedAt))),
    why: 'more began between two looks than can be read',
  },
})
