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
  owned: ReadonlyMap<string, OwnedConnection>
  now: number
  /** ms; undefined: nothing is recorded. */
  missingAfter: number | undefined
  isThere(session: { uuid: string; recording: string }): Promise<boolean>
}): Promise<MissingRecording[]> {
  const { rows, owned, now, missingAfter, isThere } = options
  const missing: MissingRecording[] = []
  if (missingAfter === undefined) return missing
  for (const { id, startedAt, endedAt, userName, connection: named } of rows) {
    const connection = owned.get(named?.id ?? '')
    if (!connection || endedAt === undefined) continue
    const ago = now - endedAt
    if (ago < missingAfter || ago > LOOK_BACK_MS + missingAfter) continue
    const uuid = historyUuid('session', id)
    if (await isThere({ uuid, recording: shippedId(uuid, startedAt) })) continue
    missing.push({ session: uuid, person: userName, connection, name: named?.name ?? '', startedAt, endedAt })
  }
  return missing
}
