import type { HistoryRow } from '../catalogue/guacamole/history.ts'
import type { RecordedFile } from './recording-folder.ts'

/** guacd lets go of a file up to five seconds after the session's end is written down. */
const SETTLED_MS = 10_000
/** Where locks cannot be seen, only silence says that nobody writes. */
const SILENT_MS = 60_000
/** A session without an end that nobody has written to for so long is over: its web application died. */
const ABANDONED_MS = 3_600_000

type Seen = {
  row: HistoryRow | undefined
  /** Inodes; undefined where locks cannot be seen. */
  locked: ReadonlySet<number> | undefined
  live(): Promise<ReadonlySet<string> | undefined>
  /** ms by which Guacamole's clock is ahead of ours. */
  ahead: number
  now: number
}
export type Waiting = 'being written' | 'session goes on' | 'just ended' | 'end not known yet'

/** Why a recording is not finished yet; undefined when it is. */
export async function waitsFor(
  file: RecordedFile,
  { row, locked, live, ahead, now }: Seen,
): Promise<Waiting | undefined> {
  const silent = now - file.writtenAt
  if (locked?.has(file.inode)) return 'being written'
  if (row?.endedAt === undefined) {
    if ((await live())?.has(file.uuid)) return 'session goes on'
    return silent < ABANDONED_MS ? 'end not known yet' : undefined
  }
  const ended = now - (row.endedAt - ahead)
  // An end that is still to come was written by a clock that has been put right since: it says nothing, silence does.
  if (ended < 0) return silent < SILENT_MS ? 'just ended' : undefined
  return Math.min(silent, ended) < (locked ? SETTLED_MS : SILENT_MS) ? 'just ended' : undefined
}
