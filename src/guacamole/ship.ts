import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import { type History, historyUuid } from '../catalogue/guacamole/history.ts'
import type { Clock } from '../kernel/clock.ts'
import { isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import { MANIFEST } from '../recording/format.ts'
import type { RecordingFiles } from '../recording/recording-files.ts'
import { type Aheads, agreedAhead } from './clocks-ahead.ts'
import { findSessions } from './find-session.ts'
import { findMissing, type MissingRecording } from './missing.ts'
import { isGuacamoleStream, listRecorded, lockedInodes, type RecordedFile } from './recording-folder.ts'
import { isOfStore, shipOne } from './ship-one.ts'
import { type Waiting, waitsFor } from './waits-for.ts'

export type ShipDeps = {
  /** Where guacd writes: Guacamole's `recording-search-path`. */
  folder: string
  files: RecordingFiles
  signer: Signer
  history: Pick<History, 'newest' | 'again'>
  owned(): Promise<ReadonlyMap<string, OwnedConnection>>
  /** Uuids of live sessions on every node; undefined where that cannot be known. */
  live(): Promise<ReadonlySet<string> | undefined>
  /** ms by which the clock of each node that tells is ahead of ours. */
  clocksAhead(): Promise<Aheads>
  clock: Clock
  /** ms: a recording of ours that is not there so long after its session's end is missing. Undefined: nothing need be there. */
  missingAfter: number | undefined
  /** Inodes that are being written; undefined where that cannot be seen. */
  locked?(): Promise<ReadonlySet<number> | undefined>
}

/** What became of one file of the folder. */
export type ShippedFile = { file: string; session: string; writtenAt: number } & (
  | { outcome: 'shipped'; recording: string; bytes: number }
  | { outcome: 'waits'; why: Waiting | 'stopped' | 'the store is away' }
  | { outcome: 'failed'; code: string; why: string }
)
export type ShipPass = {
  files: ShippedFile[]
  missing: MissingRecording[]
  /** The store took nothing. */
  isStoreAway: boolean
}

/**
 * One pass at a time: whatever is finished goes into the store with the facts of its session, sealed and read back, and only then leaves
 * the folder. A file that fails stays, and the others go on; a store that takes nothing is not asked again in the same pass. Each
 * missing recording is told once. Guacamole is asked for no more than the files need: its tree may be large.
 */
export function createShipper(deps: ShipDeps): (signal?: AbortSignal) => Promise<ShipPass> {
  const settled = new Set<string>()

  return async (signal) => {
    const recorded = await listRecorded(deps.folder)
    // Asked before the history: what is unlocked now and has ended later was still going on.
    const locked = await (deps.locked ?? lockedInodes)()
    const needsHistory = recorded.length > 0 || deps.missingAfter !== undefined
    if (!needsHistory) return { files: [], missing: [], isStoreAway: false }
    const { newest, sessions } = await findSessions(deps.history, new Set(recorded.map((one) => one.uuid)))
    const ahead = agreedAhead(await deps.clocksAhead()) ?? 0
    const owned = once(deps.owned)
    const live = once(deps.live)
    const files: ShippedFile[] = []
    let isAway = false

    const lookAt = async (file: RecordedFile): Promise<ShippedFile | undefined> => {
      const about = { file: file.path, session: file.uuid, writtenAt: file.writtenAt }
      try {
        if (!(await isGuacamoleStream(file))) return undefined
        const row = sessions.get(file.uuid)
        const why = await waitsFor(file, { row, locked, live, ahead, now: deps.clock.now() })
        if (why) return { ...about, outcome: 'waits', why }
        if (isAway) return { ...about, outcome: 'waits', why: 'the store is away' }
        const connection = row?.connection?.id === undefined ? undefined : (await owned()).get(row.connection.id)
        return { ...about, outcome: 'shipped', ...(await shipOne(deps, file, { row, connection, signal })) }
      } catch (error) {
        if (signal?.aborted) return { ...about, outcome: 'waits', why: 'stopped' }
        isAway = isOfStore(error)
        const code = isCoded(error) ? error.code : 'UNEXPECTED'
        return { ...about, outcome: 'failed', code, why: reasonOf(error) }
      }
    }

    for (const file of recorded) {
      if (signal?.aborted) break
      const seen = await lookAt(file)
      if (seen) files.push(seen)
    }
    const here = new Set(recorded.map((one) => one.uuid))
    const missing = await findMissing({
      rows: newest.filter((row) => !here.has(historyUuid('session', row.id))),
      owned,
      now: deps.clock.now() + ahead,
      missingAfter: deps.missingAfter,
      settled,
      isThere: async ({ recording }) => (await deps.files.get(recording, MANIFEST)) !== undefined,
    })
    for (const { session } of missing) settled.add(session)
    return { files, missing, isStoreAway: isAway }
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}
