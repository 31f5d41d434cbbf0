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
  now: number
  /** ms; undefined: nothing is recorded. */
  missingAfter: number | undefined
  isThere(session: { uuid: string; recording: string }): Promise<boolean>
}): Promise<MissingRecording[]> {
  const { rows, owned, now, missingAfter, isThere } = options
  if (missingAfter === undefined) return []
  const unseen: (Omit<MissingRecording, 'connection'> & { connection: string })[] = []
  for (const { id, startedAt, endedAt, userName, connection } of rows) {
    const ago = now - (endedAt ?? now)
    if (endedAt === undefined || ago < missingAfter || ago > LOOK_BACK_MS + missingAfter) continue
    const session = historyUuid('session', id)
    if (await isThere({ uuid: session, recording: shippedId(session, startedAt) })) continue
    unseen.push({
      session,
      person: userName,
      connection: connection?.id ?? '',
      name: connection?.name ?? '',
      startedAt,
      endedAt,
    })
  }
  if (unseen.length === 0) return []
  const ours = await owned()
  return unseen.flatMap((one) => {
    const connection = ours.get(one.connection)
    return connection ? [{ ...one, connection }] : []
  })
}
