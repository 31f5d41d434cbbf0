import * as z from 'zod'
import { isS3Url, parseS3Url } from '../aws/s3-url.ts'
import { duration } from '../kernel/duration.ts'

export const auditSettings = z.strictObject({
  directory: z
    .string()
    .min(1)
    .default('/var/lib/enchilada/audit')
    .describe('Folder of the trail: one folder a writer, one file a day'),
  checkpoints: z
    .string()
    .min(1)
    .refine((place) => !isS3Url(place) || parseS3Url(place) !== undefined, 'a folder, or s3://bucket/prefix')
    .default('/var/lib/enchilada/checkpoints')
    .describe(
      'Folder of the signed checkpoints, or `s3://bucket/prefix`; keep it on another disk or account than the trail',
    ),
  checkpointEvery: duration
    .prefault('1m')
    .describe('How often the heads of the trail are signed; what is younger than the last signature is only chained'),
  signingKey: z
    .union([
      z.string().min(1).describe('Ed25519 private key (PKCS#8 PEM); made at the first start when it is not there'),
      z.strictObject({
        kms: z
          .string()
          .regex(/^arn:[^:]+:kms:[a-z0-9-]+:\d{12}:(key|alias)\/.+$/, 'the ARN of a key or of an alias')
          .describe('Key in KMS: ECC_NIST_P256 for SIGN_VERIFY'),
      }),
    ])
    .default('/var/lib/enchilada/keys/signing.pem')
    .describe('What signs checkpoints and recordings'),
  cloudWatchLogs: z
    .strictObject({
      group: z
        .string()
        .regex(/^[\w./#-]{1,512}$/, 'the name of a log group')
        .describe('Log group; it must exist, and keep events as long as the trail is to be kept'),
      region: z.string().optional().describe('Its region; `aws.homeRegion` by default'),
      direct: z
        .boolean()
        .default(false)
        .describe(
          'Write nothing to `audit.directory`, for a node without a lasting disk: a record counts when the group has it',
        ),
    })
    .optional()
    .describe('The same records in CloudWatch Logs; the notary, the pages and the command line then read them there'),
})
export type AuditSettings = z.infer<typeof auditSettings>
