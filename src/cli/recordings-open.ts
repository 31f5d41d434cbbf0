import { dataFolders } from '../config/world.ts'
import { systemClock } from '../kernel/clock.ts'
import { openSigningKey } from '../kernel/signing-key.ts'
import { directoryFiles } from '../recording/recording-files.ts'
import { openRecordings, type Recordings } from '../recording/recordings.ts'
import { type CommandContext, loadFor } from './command.ts'

/** The recordings of the configured folder, read where they lie. */
export async function openForReading(context: CommandContext): Promise<Recordings> {
  const folders = dataFolders(loadFor(context))
  const signer = await openSigningKey(folders.signingKey)
  return openRecordings({
    files: directoryFiles(folders.recordings),
    spool: folders.recordings,
    signer,
    clock: systemClock,
  })
}
