import { awsErrors } from '../aws/errors.ts'
import type { OwnedConnection } from '../catalogue/guacamole/guacamole.ts'
import type { HistoryRow } from '../catalogue/guacamole/history.ts'
import { hasCode, isCoded, reasonOf } from '../kernel/errors.ts'
import type { Signer } from '../kernel/signer.ts'
import type { SessionFacts } from '../recording/format.ts'
import type { RecordingFiles } from '../recording/recording-files.ts'
import { storeStream } from '../recording/store-stream.ts'
import { shipErrors } from './errors.ts'
import { drawnFor, recordedEvents } from './recorded-events.ts'
import { type RecordedFile, removeRecorded } from './recording-folder.ts'
import { shippedId } from './shipped-id.ts'

/** What Guacamole knows of the session, and what we know of its connection; and what may cut it short. */
export type Known = {
  row: HistoryRow | undefined
  connection: OwnedConnection | undefined
  signal: AbortSignal | undefined
}

/** Stores one recording, and takes the file away when all of it was read back. Rejects with SHIP_STORE_UNWRITABLE when its disk is full. */
export async function shipOne(
  { files, signer }: { files: RecordingFiles; signer: Signer },
  file: RecordedFile,
  { row, connection, signal }: Known,
): Promise<{ recording: string; bytes: number }> {
  // Without a row of history only the last write says when it was.
  const startedAt = row?.startedAt ?? file.writtenAt - (await drawnFor(file))
  const facts = factsOf({ uuid: file.uuid, startedAt, row, connection })
  const endedAt = row?.endedAt
  const reason = endedAt === undefined ? 'node-lost' : 'closed-in-guacamole'
  const events = recordedEvents(file, signal)
  const { bytes } = await storeStream({ files: coded(files), facts, events, reason, endedAt, signer })
  await removeRecorded(file)
  return { recording: facts.id, bytes }
}

/** Whether no other recording will fare better. */
export const isOfStore = (error: unknown): boolean =>
  hasCode(
    error,
    shipErrors.SHIP_STORE_UNWRITABLE,
    awsErrors.BUCKET_UNAVAILABLE,
    awsErrors.BUCKET_DENIED,
    awsErrors.BUCKET_MISSING,
  )

/** The same store, where what a file system says has a code too. */
function coded(files: RecordingFiles): RecordingFiles {
  const away = (cause: unknown): never => {
    if (isCoded(cause)) throw cause
    throw shipErrors.SHIP_STORE_UNWRITABLE({ reason: reasonOf(cause) }, { cause })
  }
  return {
    put: (id, name, bytes) => files.put(id, name, bytes).catch(away),
    replace: (id, name, bytes) => files.replace(id, name, bytes).catch(away),
    get: (id, name) => files.get(id, name).catch(away),
    names: (id) => files.names(id).catch(away),
    ids: () => files.ids().catch(away),
  }
}

/** Of a connection that is not ours, or gone, Guacamole knows only the name. */
function factsOf({
  uuid,
  startedAt,
  row,
  connection,
}: Omit<Known, 'signal'> & { uuid: string; startedAt: number }): SessionFacts {
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
