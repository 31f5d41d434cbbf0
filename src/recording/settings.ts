import * as z from 'zod'

export const recordingSettings = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('/var/lib/enchilada/recordings')
    .describe('Folder of the recordings: one folder a session. With `s3`, of what is being written and waits'),
  s3: z
    .strictObject({
      bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'the name of a bucket'),
      prefix: z
        .string()
        .regex(/^[\w!.*'()/-]*$/, "letters, digits and !-_.*'()/")
        .default('recordings')
        .describe('Before each key'),
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
