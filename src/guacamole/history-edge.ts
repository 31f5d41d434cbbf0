import type { HistoryPlace, HistoryRow } from '../catalogue/guacamole/history.ts'

type Rows = ReadonlyMap<number, HistoryPlace>

/**
 * The row down to which a listing is whole, where that is not as far as `last`, which the look before knew; what is between them has to
 * be asked for. Numbers come in order whatever the clock says, so of sessions any that is missing counts. Single logins cannot be asked
 * for, and some databases leave numbers out for ever: there only a listing that does not reach `last` counts.
 */
export function edgeOf(kind: HistoryRow['kind'], rows: Rows, last: HistoryPlace): HistoryPlace | undefined {
  return kind === 'session' ? edgeByNumber(rows, last) : edgeByTime(rows, last)
}

function edgeByNumber(rows: Rows, last: HistoryPlace): HistoryPlace | undefined {
  let edge = rows.get(Math.max(...rows.keys()))
  while (edge && edge.id > last.id + 1) {
    const below = rows.get(edge.id - 1)
    if (!below) return edge
    edge = below
  }
  return undefined
}

function edgeByTime(rows: Rows, last: HistoryPlace): HistoryPlace | undefined {
  let oldest: HistoryPlace | undefined
  for (const row of rows.values()) if (!oldest || row.startedAt < oldest.startedAt) oldest = row
  return oldest && oldest.id > last.id ? oldest : undefined
}
