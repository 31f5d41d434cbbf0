import * as z from 'zod'
import { parseS3Url } from '../aws/s3-url.ts'

export const recordingSettings = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('/var/lib/enchilada/recordings')
    .describe('Folder of the recordings: one folder a session. With `s3`, of what is being written and waits'),
  s3: z
    .strictObject({
      url: z
        .string()
        .refine((url) => parseS3Url(url) !== undefined, 's3://bucket/prefix')
        .describe('`s3://bucket/prefix`: one folder a session below it'),
      region: z.string().optional().describe('Its region; `aws.homeRegion` by default'),
      kmsKey: z.string().min(1).optional().describe('KMS key to encrypt with; what the bucket says by default'),
      spool: z
        .int()
        .min(16 * 1024 * 1024)
        .default(256 * 1024 * 1024)
        .describe('Bytes of all sessions that may wait in `directory` while S3 is away; beyond it sessions end'),
    })
    .optional()
    .describe('Keep recordings in this bucket'),
})
export type RecordingSettings = z.infer<typeof recordingSettings>
