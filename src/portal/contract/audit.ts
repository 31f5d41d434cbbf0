import * as z from 'zod'
import { pageQuery } from './common.ts'

/** One line of the trail as it is stored (docs/reference/audit-format.md). */
export const auditRecordSchema = z
  .object({
    v: z.literal(1),
    writer: z.string(),
    seq: z.number().int().positive(),
    prev: z.string(),
    at: z.string(),
    kind: z.string(),
    actor: z.string(),
    subject: z.string(),
    scope: z.string().optional(),
    session: z.string().optional(),
    source: z.enum(['fact', 'claim']),
    data: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'AuditRecord' })
export type AuditRecord = z.infer<typeof auditRecordSchema>

export const auditQuerySchema = z.object({
  ...pageQuery,
  kind: z.string().optional(),
  actor: z.string().optional(),
  subject: z.string().optional(),
  session: z.string().optional(),
  /** ISO 8601. */
  from: z.string().optional(),
  to: z.string().optional(),
})

/** Newest first. */
export const auditListSchema = z
  .object({ items: z.array(auditRecordSchema), nextCursor: z.string().optional() })
  .meta({ id: 'AuditList' })
export type AuditList = z.infer<typeof auditListSchema>
