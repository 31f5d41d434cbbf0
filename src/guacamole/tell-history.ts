import type { History, HistoryPlace, HistoryRow } from '../catalogue/guacamole/history.ts'
import { historyUuid } from '../catalogue/guacamole/history.ts'
import type { Clock } from '../kernel/clock.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { putInOutbox } from '../store/outbox.ts'
import type { GuacamoleHistoryTable } from '../store/schema.ts'
import type { Database, Store } from '../store/store.ts'
import { type Aheads, aheadWhenWritten, worstAhead } from './clocks-ahead.ts'
import { edgeOf } from './history-edge.ts'
import { endOf, forgottenEndOf, gapOf, startOf, unwrittenEndOf } from './history-events.ts'

export type TellDeps = {
  store: Store
  history: History
  clock: Pick<Clock, 'now'>
  /** Uuids of sessions that are live on some node; undefined where that cannot be known. */
  live(): Promise<ReadonlySet<string> | undefined>
  /** ms by which the clock of each node that tells is ahead of ours. */
  clocksAhead(): Promise<Aheads>
  /** What was read before it aborts and is not told by then is told by the next look, which reads it again. */
  signal?: AbortSignal
}

export type Told = { started: number; ended: number; lost: number }

const KINDS = ['session', 'login'] as const
const ROWS = 500
/** An end that is not there by then never comes: the web application died, or the row was deleted. */
const GIVE_UP_MS = 7 * 86_400_000

type Kind = HistoryRow['kind']
type Known = ReadonlyMap<number, GuacamoleHistoryTable>
type Look = {
  kind: Kind
  rows: readonly HistoryRow[]
  alive: ReadonlySet<string> | undefined
  aheads: Aheads
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
  const aheads = await deps.clocksAhead()
  for (const kind of KINDS) {
    const look = { ...(await lookAt(deps, kind)), aheads }
    await store.withLock(`guacamole history ${kind}`, async (trx) => {
      deps.signal?.throwIfAborted()
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

async function lookAt({ store, history, live }: TellDeps, kind: Kind): Promise<Omit<Look, 'aheads'>> {
  const { rows: newest, isAll } = await history.newest(kind)
  const rows = new Map(newest.map((row) => [row.id, row]))
  const last = await lastKnown(store, kind)
  const edge = isAll || !last ? undefined : edgeOf(kind, rows, last)
  const missed = last && edge ? await history.between(kind, last, edge) : { rows: [], isAll: true }
  for (const row of missed.rows) rows.set(row.id, row)
  const missing = (await openRows(store, kind)).filter((id) => !rows.has(id))
  for (const row of await history.again(kind, missing)) rows.set(row.id, row)
  return {
    kind,
    rows: [...rows.values()],
    // Asked after the rows: a session that began in between is not thought lost.
    alive: kind === 'session' ? await live() : undefined,
    gapBefore: missed.isAll ? undefined : edge?.startedAt,
  }
}

type Step = Told & { events: AuditEvent[]; written: GuacamoleHistoryTable[] }

function tell({ kind, rows, alive, aheads, gapBefore }: Look, known: Known, now: number): Step {
  const events: AuditEvent[] = gapBefore === undefined ? [] : [gapOf(kind, gapBefore)]
  const written: GuacamoleHistoryTable[] = []
  const step: Step = { events, written, started: 0, ended: 0, lost: 0 }
  const lives = (row: HistoryRow) => alive?.has(historyUuid(kind, row.id)) ?? false
  const worst = worstAhead(aheads)
  const aheadAt = (at: number) => ({ known: aheadWhenWritten(at, aheads, now), worst })
  const fresh = rows.filter((row) => !known.has(row.id)).sort((a, b) => a.id - b.id)
  events.push(...fresh.map((row) => startOf(row, aheadAt(row.startedAt))))
  step.started = fresh.length
  for (const row of rows) {
    const kept = known.get(row.id)
    const before = kept?.told
    if (before === 'end') continue
    const startAhead = kept ? (kept.ahead_ms ?? undefined) : aheadAt(row.startedAt).known
    const state = (next: GuacamoleHistoryTable['told']) =>
      before === next
        ? []
        : [{ kind, id: row.id, started_at: row.startedAt, seen_at: now, ahead_ms: startAhead ?? null, told: next }]
    const isLost = before === 'live' && alive !== undefined && !lives(row)
    const isOld = kept !== undefined && !lives(row) && isGivenUp(kept, now)
    if (row.endedAt !== undefined) events.push(endOf(row, row.endedAt, { ahead: aheadAt(row.endedAt), startAhead }))
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
    if (row.told === 'end' || seen.has(row.id) || !isGivenUp(row, now)) continue
    events.push(forgottenEndOf(kind, row.id))
    written.push({ ...row, told: 'end' })
    step.ended += 1
    step.lost += 1
  }
  return step
}

/** By our own clock alone: Guacamole's may have been years off. */
const isGivenUp = (row: GuacamoleHistoryTable, now: number): boolean =>
  now - (row.seen_at ?? row.started_at) > GIVE_UP_MS

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
  const numbers = (row: GuacamoleHistoryTable): GuacamoleHistoryTable => ({
    ...row,
    id: Number(row.id),
    started_at: Number(row.started_at),
    seen_at: row.seen_at === null ? null : Number(row.seen_at),
    ahead_ms: row.ahead_ms === null ? null : Number(row.ahead_ms),
  })
  return new Map(known.map((row) => [Number(row.id), numbers(row)]))
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
