import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import { type HistoryRow, historyUuid } from '../catalogue/guacamole/history.ts'
import { shippedId } from './shipped-id.ts'

/** A session on a connection of ours that has no recording. */
export type MissingRecording = {
  /** Guacamole's uuid. */
  session: string
  person: string
  connection: OwnedConnection
  name: string
  /** ms since 1970. */
  startedAt: number
  endedAt: number
}

/** What ended longer ago is not asked for: it was told, or nobody recorded then. */
const LOOK_BACK_MS = 86_400_000

/** Sessions that ended `missingAfter` ago, a day at most, of which `isThere` knows no recording. */
export async function findMissing(options: {
  rows: readonly HistoryRow[]
  owned(): Promise<ReadonlyMap<string, OwnedConnection>>
  /** By Guacamole's clock. */
  now: number
  /** ms; undefined: nothing is recorded. */
  missingAfter: number | undefined
  isThere(session: { uuid: string; recording: string }): Promise<boolean>
  /** Sessions that need no more looks. Those that have a recording or are not ours are added, those that are forgotten taken out. */
  settled: Set<string>
}): Promise<MissingRecording[]> {
  const { rows, owned, now, missingAfter, isThere, settled } = options
  if (missingAfter === undefined) return []
  const unseen: (Omit<MissingRecording, 'connection'> & { connection: string })[] = []
  for (const { id, startedAt, endedAt, userName, connection } of rows) {
    const ago = now - (endedAt ?? now)
    if (endedAt === undefined || ago < missingAfter || ago > LOOK_BACK_MS + missingAfter) continue
    const session = historyUuid('session', id)
    if (settled.has(session)) continue
    if (await isThere({ uuid: session, recording: shippedId(session, startedAt) })) {
      settled.add(session)
      continue
    }
    unseen.push({
      session,
      person: userName,
      connection: connection?.id ?? '',
      name: connection?.name ?? '',
      startedAt,
      endedAt,
    })
  }
  forget(settled, rows)
  if (unseen.length === 0) return []
  const ours = await owned()
  return unseen.flatMap((one) => {
    const connection = ours.get(one.connection)
    if (!connection) settled.add(one.session)
    return connection ? [{ ...one, connection }] : []
  })
}

function forget(settled: Set<string>, rows: readonly HistoryRow[]): void {
  const listed = new Set(rows.map(({ id }) => historyUuid('session', id)))
  for (const session of settled) if (!listed.has(session)) settled.delete(session)
}
