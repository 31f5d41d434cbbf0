import { resolve } from 'node:path'
import { directoryFiles, type RecordingFiles } from '../recording/recording-files.ts'
import type { Loaded } from './load-config.ts'

/** Where recordings are, and the local folder for what is being written. */
export async function openRecordingFiles(
  { config, folder }: Loaded,
  _env: NodeJS.ProcessEnv,
): Promise<{ files: RecordingFiles; spool: string }> {
  const spool = resolve(folder, config.recordings.directory)
  return { files: directoryFiles(spool), spool }
}
