import { readFileSync } from 'node:fs'
import { openRecordingFiles } from '../config/recording-store.ts'
import { systemClock } from '../kernel/clock.ts'
import { publicKeySigner } from '../kernel/signer.ts'
import { recordingErrors } from '../recording/errors.ts'
import { openRecordings, type Recordings } from '../recording/recordings.ts'
import { auditStoresFor } from './audit-stores.ts'
import { type CommandContext, optionText } from './command.ts'
import { loadFor } from './load-for.ts'

/**
 * The recordings of the configured store, read where they lie. Whoever reads needs no private key: the public one is the one given,
 * or lies beside the checkpoints.
 */
export async function openForReading(context: CommandContext): Promise<Recordings> {
  const { files, spool } = await openRecordingFiles(loadFor(context), process.env)
  const given = optionText(context, 'publicKey')
  const signer = publicKeySigner(async () => {
    if (given !== undefined) return readFileSync(given, 'utf8')
    const published = await (await auditStoresFor(context)).checkpoints.publicKey()
    if (published === undefined) throw recordingErrors.RECORDING_KEY_MISSING()
    return published
  })
  return openRecordings({ files, spool, signer, clock: systemClock })
}
