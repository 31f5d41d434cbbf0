import { resolve } from 'node:path'
import { parseS3Url } from '../aws/s3-url.ts'
import { directoryFiles, type RecordingFiles } from '../recording/recording-files.ts'
import type { Loaded } from './load-config.ts'

export type RecordingPlace = { files: RecordingFiles; spool: string; spoolLimit?: number }

/** Where recordings are, and the local folder for what is being written: the same one unless a bucket is configured. */
export async function openRecordingFiles({ config, folder }: Loaded, env: NodeJS.ProcessEnv): Promise<RecordingPlace> {
  const spool = resolve(folder, config.recordings.directory)
  const { s3 } = config.recordings
  const place = s3 && parseS3Url(s3.url)
  if (!s3 || !place) return { files: directoryFiles(spool), spool }
  const [{ bucketFiles }, { createS3Client, openBucket }] = await Promise.all([
    import('../recording/bucket-files.ts'),
    import('../aws/bucket.ts'),
  ])
  const client = createS3Client(s3.region ?? config.aws.homeRegion, env)
  const bucket = openBucket(client, { ...place, kmsKey: s3.kmsKey })
  return { files: bucketFiles(bucket), spool, spoolLimit: s3.spool }
}
