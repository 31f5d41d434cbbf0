import type { History, HistoryPlace, HistoryRow } from '../catalogue/guacamole/history.ts'
import { historyUuid } from '../catalogue/guacamole/history.ts'
import type { Clock } from '../kernel/clock.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { GuacamoleHistoryTable } from '../store/schema.ts'
import type { Database, Store } from '../store/store.ts'
import { endOf, forgottenEndOf, gapOf, startOf, unwrittenEndOf } from './history-events.ts'

export type TellDeps = {
  store: Store
  history: History
  clock: Pick<Clock, 'now'>
  /** Uuids of sessions that are live on some node; undefined where that cannot be known. */
  live(): Promise<ReadonlySet<string> | undefined>
}

export type Told = { started: number; ended: number; lost: number }

const KINDS = ['session', 'login'] as const
const ROWS = 500
/** An end that is not there by then never comes: the web application died, or the row was deleted. */
const GIVE_UP_MS = 7 * 86_400_000
/** The server tells whole seconds. */
const SKEW_MS = 2_000

type Kind = HistoryRow['kind']
type Known = ReadonlyMap<number, GuacamoleHistoryTable>
type Look = {
  kind: Kind
  rows: readonly HistoryRow[]
  alive: ReadonlySet<string> | undefined
  aheadMs: number | undefined
  /** When what was missed may have begun at the latest. */
  gapBefore: number | undefined
}

/**
 * One look: what began since the last one and what has ended since goes into the outbox of the trail, in the transaction that
 * remembers it. So each is told once, whatever is restarted in between. What Guacamole says is a claim.
 */
export async function tellHistory(deps: TellDeps): Promise<Told> {
  const { store } = deps
  const told: Told = { started: 0, ended: 0, lost: 0 }
  const ahead = await deps.history.clockAhead()
  const aheadMs = ahead !== undefined && Math.abs(ahead) > SKEW_MS ? ahead : undefined
  for (const kind of KINDS) {
    const look = { ...(await lookAt(deps, kind)), aheadMs }
    await store.withLock(`guacamole history ${kind}`, async (trx) => {
      const step = tell(look, await knownRows(trx, look), deps.clock.now())
      await putInOutbox(trx, step.events)
      await remember(trx, step.written)
      told.started += step.started
      told.ended += step.ended
      told.lost += step.lost
    })
  }
  if (told.started + told.ended > 0) await store.notify.publish('trail-outbox', { records: told.started + told.ended })
  return told
}

async function lookAt({ store, history, live }: TellDeps, kind: Kind): Promise<Omit<Look, 'aheadMs'>> {
  const { rows, isAll } = await history.newest(kind)
  const seen = new Set(rows.map((row) => row.id))
  const last = await lastKnown(store, kind)
  const oldest = rows.reduce<HistoryPlace | undefined>((a, b) => (a && a.id < b.id ? a : b), undefined)
  const isGap = !isAll && last !== undefined && oldest !== undefined && last.id < oldest.id
  const missed = isGap ? await history.between(kind, last, oldest) : { rows: [], isAll: true }
  for (const row of missed.rows) seen.add(row.id)
  const missing = (await openRows(store, kind)).filter((id) => !seen.has(id))
  return {
    kind,
    rows: [...rows, ...missed.rows, ...(await history.again(kind, missing))],
    // Asked after the rows: a session that began in between is not thought lost.
    alive: kind === 'session' ? await live() : undefined,
    gapBefore: missed.isAll ? undefined : oldest?.startedAt,
  }
}

type Step = Told & { events: AuditEvent[]; written: GuacamoleHistoryTable[] }

function tell({ kind, rows, alive, aheadMs, gapBefore }: Look, known: Known, now: number): Step {
  const events: AuditEvent[] = gapBefore === undefined ? [] : [gapOf(kind, gapBefore)]
  const written: GuacamoleHistoryTable[] = []
  const step: Step = { events, written, started: 0, ended: 0, lost: 0 }
  const lives = (row: HistoryRow) => alive?.has(historyUuid(kind, row.id)) ?? false
  const fresh = rows.filter((row) => !known.has(row.id)).sort((a, b) => a.id - b.id)
  events.push(...fresh.map((row) => startOf(row, aheadMs)))
  step.started = fresh.length
  for (const row of rows) {
    const before = known.get(row.id)?.told
    if (before === 'end') continue
    const state = (next: GuacamoleHistoryTable['told']) =>
      before === next ? [] : [{ kind, id: row.id, started_at: row.startedAt, told: next }]
    const isLost = before === 'live' && alive !== undefined && !lives(row)
    const isOld = before !== undefined && !lives(row) && now - row.startedAt > GIVE_UP_MS
    if (row.endedAt !== undefined) events.push(endOf(row, row.endedAt, aheadMs))
    else if (isLost || isOld) events.push(unwrittenEndOf(row, isLost ? 'lost' : 'no-end'))
    else {
      written.push(...state(lives(row) ? 'live' : (before ?? 'start')))
      continue
    }
    step.ended += 1
    if (row.endedAt === undefined) step.lost += 1
    written.push(...state('end'))
  }
  const seen = new Set(rows.map((row) => row.id))
  for (const row of known.values()) {
    if (row.told === 'end' || seen.has(row.id) || now - row.started_at <= GIVE_UP_MS) continue
    events.push(forgottenEndOf(kind, row.id))
    written.push({ ...row, told: 'end' })
    step.ended += 1
    step.lost += 1
  }
  return step
}

async function lastKnown({ db }: Store, kind: Kind): Promise<HistoryPlace | undefined> {
  const row = await db
    .selectFrom('guacamole_history')
    .select(['id', 'started_at'])
    .where('kind', '=', kind)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { id: Number(row.id), startedAt: Number(row.started_at) }
}

async function openRows({ db }: Store, kind: Kind): Promise<number[]> {
  const rows = await db
    .selectFrom('guacamole_history')
    .select('id')
    .where('kind', '=', kind)
    .where('told', '!=', 'end')
    .execute()
  return rows.map((row) => Number(row.id))
}

/** Those that the look may be about, and all that are open. */
async function knownRows(trx: Database, { kind, rows }: Pick<Look, 'kind' | 'rows'>): Promise<Known> {
  const from = rows.reduce((least, row) => Math.min(least, row.id), Number.MAX_SAFE_INTEGER)
  const known = await trx
    .selectFrom('guacamole_history')
    .selectAll()
    .where('kind', '=', kind)
    .where((where) => where.or([where('id', '>=', from), where('told', '!=', 'end')]))
    .execute()
  return new Map(
    known.map((row) => [Number(row.id), { ...row, id: Number(row.id), started_at: Number(row.started_at) }]),
  )
}

async function remember(trx: Database, written: readonly GuacamoleHistoryTable[]): Promise<void> {
  for (let at = 0; at < written.length; at += ROWS) {
    await trx
      .insertInto('guacamole_history')
      .values(written.slice(at, at + ROWS))
      .onConflict((conflict) =>
        conflict.columns(['kind', 'id']).doUpdateSet((excluded) => ({ told: excluded.ref('excluded.told') })),
      )
      .execute()
  }
}
