import * as z from 'zod'
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
    .default('/var/lib/enchilada/checkpoints')
    .describe('Folder of the signed checkpoints; keep it on another disk or account than the trail'),
  checkpointEvery: duration
    .prefault('1m')
    .describe('How often the heads of the trail are signed; what is younger than the last signature is only chained'),
  signingKey: z
    .string()
    .min(1)
    .default('/var/lib/enchilada/keys/signing.pem')
    .describe('Ed25519 private key (PKCS#8 PEM); made at the first start when it is not there'),
  cloudWatchLogs: z
    .strictObject({ group: z.string().min(1).describe('Log group; it must exist') })
    .optional()
    .describe('Send the same records to CloudWatch Logs'),
})
export type AuditSettings = z.infer<typeof auditSettings>
