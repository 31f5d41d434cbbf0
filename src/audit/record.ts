import canonicalize from 'canonicalize'
import * as z from 'zod'
import { sha256Hex } from '../kernel/ids.ts'
import type { AuditEvent } from '../model/audit-event.ts'
import { formatScope } from '../model/scope.ts'
import { toPlainData } from './plain-data.ts'
import { parseStrictJson } from './strict-json.ts'

/** RFC 3339, UTC, milliseconds; as strings they sort by time. */
export const AT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** One line of the trail; docs/reference/audit-format.md describes each field. */
export const auditRecordSchema = z.object({
  v: z.literal(1),
  writer: z.string().min(1),
  seq: z.number().int().positive(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.string().regex(AT),
  kind: z.string(),
  actor: z.string(),
  subject: z.string(),
  scope: z.string().optional(),
  session: z.string().optional(),
  source: z.enum(['fact', 'claim']),
  data: z.record(z.string(), z.unknown()).optional(),
})
export type AuditRecord = z.infer<typeof auditRecordSchema>

/** What goes into a record besides its place in the chain; plain JSON. */
export type RecordBody = Readonly<Record<string, unknown>>
export type ChainPlace = { writer: string; seq: number; prev: string; at: string }

/** CloudWatch Logs takes 256 KB an event; `data` alone is free in size. */
const MAX_DATA = 128 * 1024
const MAX_WORD = 4 * 1024

/** Throws TypeError for what has no JSON at all (a cycle); never because of odd text or size. */
export function renderBody(event: AuditEvent): RecordBody {
  const { scope, data, actor, subject, session, kind, source } = event
  const word = (text: string) => text.toWellFormed().slice(0, MAX_WORD).toWellFormed()
  return {
    kind,
    source,
    actor: word(actor),
    subject: word(subject),
    ...(scope ? { scope: formatScope(scope) } : {}),
    ...(session === undefined ? {} : { session: word(session) }),
    ...(data === undefined ? {} : { data: boundData(toPlainData(data)) }),
  }
}

/** RFC 8785, so that the same record has the same bytes whoever writes it. No line feed. */
export const renderRecord = (body: RecordBody, place: ChainPlace): string => toCanonical({ v: 1, ...place, ...body })

/** Undefined for a line that is not a record: torn, or not ours. */
export const parseRecord = (line: Uint8Array): AuditRecord | undefined =>
  auditRecordSchema.safeParse(parseStrictJson(line)).data

function boundData(data: unknown): unknown {
  const text = toCanonical(data)
  const bytes = Buffer.byteLength(text)
  return bytes <= MAX_DATA ? data : { cut: true, bytes, sha256: sha256Hex(text) }
}

function toCanonical(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new TypeError('an audit event must be plain JSON')
  return text
}
