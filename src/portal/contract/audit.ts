import * as z from 'zod'
import { pageQuery } from './common.ts'

/** RFC 3339 as the trail writes it, or a beginning of it down to the day. */
const moment = z.string().regex(/^\d{4}-\d{2}-\d{2}(T[\d:.]{0,12}Z?)?$/, 'a time such as 2026-11-24T09:30:00Z')

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
  /** A kind, or an area of them: `session` finds `session.connected`. */
  kind: z.string().max(64).optional(),
  actor: z.string().max(512).optional(),
  subject: z.string().max(512).optional(),
  session: z.string().max(64).optional(),
  from: moment.optional(),
  to: moment.optional(),
})

/** Newest first. */
export const auditListSchema = z
  .object({ items: z.array(auditRecordSchema), nextCursor: z.string().optional() })
  .meta({ id: 'AuditList' })
export type AuditList = z.infer<typeof auditListSchema>
