import { type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { toIso } from '../kernel/clock.ts'
import type { AuditEvent } from '../model/audit-event.ts'

/**
 * Why an end is told that Guacamole did not write down. `lost`: the node that held the session has it no more. `no-end`: none came
 * for so long that none is expected.
 */
export type NoEnd = 'lost' | 'no-end'

const baseOf = (row: HistoryRow) => ({
  actor: row.userName,
  subject: row.connection?.name ?? row.userName,
  session: historyUuid(row.kind, row.id),
  source: 'claim' as const,
})

const ENDED = { session: 'guacamole.disconnected', login: 'guacamole.signed-out' } as const

/** `aheadMs`: Guacamole's clock against ours, where that is too much to be overlooked; times stay as it told them. */
export const startOf = (row: HistoryRow, aheadMs: number | undefined): AuditEvent => ({
  ...baseOf(row),
  kind: row.kind === 'session' ? 'guacamole.connected' : 'guacamole.signed-in',
  data: {
    historyId: row.id,
    at: toIso(row.startedAt),
    from: row.remoteHost,
    ...(aheadMs === undefined ? {} : { clockAheadMs: aheadMs }),
    ...(row.connection ? { connection: row.connection.id } : {}),
  },
})

export const endOf = (row: HistoryRow, endedAt: number, aheadMs: number | undefined): AuditEvent => ({
  ...baseOf(row),
  kind: ENDED[row.kind],
  data: {
    historyId: row.id,
    at: toIso(endedAt),
    seconds: Math.max(0, Math.round((endedAt - row.startedAt) / 1000)),
    ...(aheadMs === undefined ? {} : { clockAheadMs: aheadMs }),
  },
})

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
