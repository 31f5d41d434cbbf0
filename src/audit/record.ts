import canonicalize from 'canonicalize'
import * as z from 'zod'
import type { AuditEvent } from '../model/audit-event.ts'
import { formatScope } from '../model/scope.ts'

/** One line of the trail; docs/reference/audit-format.md describes each field. */
export const auditRecordSchema = z.object({
  v: z.literal(1),
  writer: z.string().min(1),
  seq: z.number().int().positive(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime(),
  kind: z.string(),
  actor: z.string(),
  subject: z.string(),
  scope: z.string().optional(),
  session: z.string().optional(),
  source: z.enum(['fact', 'claim']),
  data: z.record(z.string(), z.unknown()).optional(),
})
export type AuditRecord = z.infer<typeof auditRecordSchema>

export type ChainPlace = { writer: string; seq: number; prev: string; at: string }

/** RFC 8785, so that the same record has the same bytes whoever writes it. No line feed. */
export function renderRecord(event: AuditEvent, place: ChainPlace): string {
  const { scope, ...rest } = event
  const line = canonicalize({ v: 1, ...place, ...rest, ...(scope ? { scope: formatScope(scope) } : {}) })
  if (line === undefined) throw new TypeError('an audit event must be plain JSON')
  return line
}

/** Undefined for a line that is not a record: torn, or not ours. */
export function parseRecord(line: string): AuditRecord | undefined {
  try {
    const parsed = auditRecordSchema.safeParse(JSON.parse(line))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
