import { type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { toIso } from '../kernel/clock.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { CLOCK_TOLERANCE_MS } from './clocks-ahead.ts'

/**
 * Why an end is told that Guacamole did not write down. `lost`: the node that held the session has it no more. `no-end`: none came
 * for so long that none is expected.
 */
export type NoEnd = 'lost' | 'no-end'

/** ms by which Guacamole's clock was ahead of ours. `known`: when it wrote that time. `worst`: now, on some node, too much to be overlooked. */
export type Ahead = { known: number | undefined; worst: number | undefined }

const baseOf = (row: HistoryRow) => ({
  actor: row.userName,
  subject: row.connection?.name ?? row.userName,
  session: historyUuid(row.kind, row.id),
  source: 'claim' as const,
})

const ENDED = { session: 'guacamole.disconnected', login: 'guacamole.signed-out' } as const

export const startOf = (row: HistoryRow, ahead: Ahead): AuditEvent => ({
  ...baseOf(row),
  kind: row.kind === 'session' ? 'guacamole.connected' : 'guacamole.signed-in',
  data: {
    historyId: row.id,
    ...timeOf(row.startedAt, ahead),
    from: row.remoteHost,
    ...(row.connection ? { connection: row.connection.id } : {}),
  },
})

/** `startAhead`: what was known when the beginning was told. */
export const endOf = (
  row: HistoryRow,
  endedAt: number,
  { ahead, startAhead }: { ahead: Ahead; startAhead: number | undefined },
): AuditEvent => ({
  ...baseOf(row),
  kind: ENDED[row.kind],
  data: { historyId: row.id, ...timeOf(endedAt, ahead), ...lengthOf(endedAt - row.startedAt, ahead.known, startAhead) },
})

/** As Guacamole told it, always; by our clock, where that differs and is known. */
function timeOf(at: number, { known, worst }: Ahead) {
  const off = known ?? worst
  if (off === undefined || Math.abs(off) <= CLOCK_TOLERANCE_MS) return { at: toIso(at) }
  return { at: toIso(at), ...(known === undefined ? {} : { correctedAt: toIso(at - known) }), clockAheadMs: off }
}

/** A clock that was changed in between is taken out of the length where that is known, and else shows only when it was put back. */
function lengthOf(told: number, endAhead: number | undefined, startAhead: number | undefined): { seconds?: number } {
  const changed = endAhead === undefined || startAhead === undefined ? 0 : endAhead - startAhead
  const ms = Math.abs(changed) > CLOCK_TOLERANCE_MS ? told - changed : told
  return ms < 0 ? {} : { seconds: Math.round(ms / 1000) }
}

/** Only that it is over is known. */
export const unwrittenEndOf = (row: HistoryRow, why: NoEnd): AuditEvent => ({
  ...baseOf(row),
  kind: ENDED[row.kind],
  data: { historyId: row.id, why },
})

/** Of a row that cannot be read any more: whose it was says the record of its beginning, by the session. */
export const forgottenEndOf = (kind: HistoryRow['kind'], id: number): AuditEvent => ({
  actor: 'system:guacamole',
  subject: kind,
  session: historyUuid(kind, id),
  source: 'claim',
  kind: ENDED[kind],
  data: { historyId: id, why: 'no-end' },
})

export const gapOf = (kind: HistoryRow['kind'], before: number): AuditEvent => ({
  kind: 'guacamole.history-gap',
  actor: 'system:guacamole',
  subject: kind,
  source: 'fact',
  data: { before: toIso(before), why: 'more began between two looks than can be read' },
})
