import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import type { History } from '../catalogue/guacamole/history.ts'
import type { Clock } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import { MANIFEST, type SessionFacts } from '../recording/format.ts'
import type { RecordingFiles } from '../recording/recording-files.ts'
import { storeStream } from '../recording/store-stream.ts'
import { type FoundSession, findSessions } from './find-session.ts'
import { findMissing, type MissingRecording } from './missing.ts'
import { drawnFor, recordedEvents } from './recorded-events.ts'
import { isGuacamoleStream, listRecorded, lockedInodes, type RecordedFile, removeRecorded } from './recording-folder.ts'
import { shippedId } from './shipped-id.ts'

export type ShipDeps = {
  /** Where guacd writes: Guacamole's `recording-search-path`. */
  folder: string
  files: RecordingFiles
  signer: Signer
  history: Pick<History, 'newest' | 'again'>
  owned(): Promise<ReadonlyMap<string, OwnedConnection>>
  /** Uuids of live sessions on every node; undefined where that cannot be known. */
  live(): Promise<ReadonlySet<string> | undefined>
  clock: Clock
  /** ms: a recording of ours that is not there so long after its session's end is missing. Undefined: nothing need be there. */
  missingAfter: number | undefined
  /** Inodes that are being written; undefined where that cannot be seen. */
  locked?(): Promise<ReadonlySet<number> | undefined>
}

/** What became of one file of the folder. */
export type ShippedFile = { file: string; session: string } & (
  | { outcome: 'shipped'; recording: string; bytes: number }
  | { outcome: 'waits'; why: 'being written' | 'session goes on' | 'just ended' | 'end not known yet' }
  | { outcome: 'failed'; code: string; why: string }
)
export type ShipPass = { files: ShippedFile[]; missing: MissingRecording[] }

/** guacd lets go of a file up to five seconds after the session's end is written down. */
const SETTLED_MS = 10_000
/** Where locks cannot be seen, only silence says that nobody writes. */
const SILENT_MS = 60_000
/** A session without an end that nobody has written to for so long is over: its web application died. */
const ABANDONED_MS = 3_600_000

/**
 * One pass: whatever is finished goes into the store with the facts of its session, sealed and read back, and only then leaves the
 * folder. A file that fails stays, and the others go on.
 */
export async function ship(deps: ShipDeps): Promise<ShipPass> {
  const recorded = await listRecorded(deps.folder)
  // Asked before the history: what is unlocked now and has ended later was still going on.
  const locked = await (deps.locked ?? lockedInodes)()
  const owned = await deps.owned()
  const { newest, sessions } = await findSessions(deps.history, new Set(recorded.map((one) => one.uuid)), owned)
  const live = await deps.live()
  const files: ShippedFile[] = []
  for (const file of recorded) {
    const about = { file: file.path, session: file.uuid }
    try {
      if (!(await isGuacamoleStream(file))) continue
      const found = sessions.get(file.uuid)
      const why = waitsFor(file, { found, locked, live, now: deps.clock.now() })
      if (why) files.push({ ...about, outcome: 'waits', why })
      else files.push({ ...about, outcome: 'shipped', ...(await shipOne(deps, file, found)) })
    } catch (error) {
      files.push({
        ...about,
        outcome: 'failed',
        code: isCoded(error) ? error.code : 'UNEXPECTED',
        why: reasonOf(error),
      })
    }
  }
  const here = new Set(recorded.map((one) => one.uuid))
  const missing = await findMissing({
    rows: newest,
    owned: async () => owned,
    now: deps.clock.now(),
    missingAfter: deps.missingAfter,
    isThere: async ({ uuid, recording }) => here.has(uuid) || (await deps.files.get(recording, MANIFEST)) !== undefined,
  })
  return { files, missing }
}

type Seen = {
  found: FoundSession | undefined
  locked: ReadonlySet<number> | undefined
  live: ReadonlySet<string> | undefined
  now: number
}
type Waiting = Extract<ShippedFile, { outcome: 'waits' }>['why']

function waitsFor(file: RecordedFile, { found, locked, live, now }: Seen): Waiting | undefined {
  const silent = now - file.writtenAt
  if (locked?.has(file.inode)) return 'being written'
  if (found?.row.endedAt === undefined && live?.has(file.uuid)) return 'session goes on'
  if (found?.row.endedAt === undefined) return silent < ABANDONED_MS ? 'end not known yet' : undefined
  const ended = Math.min(silent, now - found.row.endedAt)
  return ended < (locked ? SETTLED_MS : SILENT_MS) ? 'just ended' : undefined
}

async function shipOne(
  { files, signer }: ShipDeps,
  file: RecordedFile,
  found: FoundSession | undefined,
): Promise<{ recording: string; bytes: number }> {
  // Without a row of history only the last write says when it was.
  const startedAt = found?.row.startedAt ?? file.writtenAt - (await drawnFor(file))
  const facts = factsOf(file.uuid, found, startedAt)
  const endedAt = found?.row.endedAt
  const reason = endedAt === undefined ? 'node-lost' : 'closed-in-guacamole'
  const { bytes } = await storeStream({ files, facts, events: recordedEvents(file), reason, endedAt, signer })
  await removeRecorded(file)
  return { recording: facts.id, bytes }
}

/** Of a connection that is not ours, or gone, Guacamole knows only the name. */
function factsOf(uuid: string, found: FoundSession | undefined, startedAt: number): SessionFacts {
  const { row, connection } = found ?? {}
  return {
    id: shippedId(uuid, startedAt),
    connectionId: connection?.id ?? '',
    connectionName: row?.connection?.name ?? '',
    scope: connection?.scope ?? '',
    instanceId: connection?.instance ?? '',
    protocol: connection?.protocol ?? '',
    personId: `guacamole:${row?.userName ?? ''}`,
    personName: row?.userName ?? '',
    startedAt: Math.trunc(startedAt),
    cols: 0,
    rows: 0,
    stream: 'guacamole',
    history: uuid,
  }
}
