import * as z from 'zod'
import { pageQuery, time } from './common.ts'

export const sessionSchema = z
  .object({
    id: z.string(),
    connectionId: z.string(),
    connectionName: z.string(),
    protocol: z.enum(['ssh', 'rdp', 'vnc']),
    tenant: z.string(),
    account: z.string(),
    region: z.string(),
    instanceId: z.string(),
    personName: z.string(),
    startedAt: time,
    endedAt: time.optional(),
    endReason: z.string().optional(),
    recording: z.enum(['none', 'recording', 'sealed', 'broken']),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof sessionSchema>

export const sessionQuerySchema = z.object({
  ...pageQuery,
  q: z.string().max(200).optional(),
  /** `true`: only sessions that are going on. */
  live: z.enum(['true', 'false']).optional(),
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
})

/** What the policies let this person do with it now; each request is decided again. */
const listedSessionSchema = sessionSchema
  .extend({ may: z.object({ watch: z.boolean(), end: z.boolean() }) })
  .meta({ id: 'ListedSession' })
export type ListedSession = z.infer<typeof listedSessionSchema>

export const sessionListSchema = z
  .object({ items: z.array(listedSessionSchema), nextCursor: z.string().optional() })
  .meta({ id: 'SessionList' })
export type SessionList = z.infer<typeof sessionListSchema>

export const sessionTicketRequestSchema = z.object({ purpose: z.enum(['watch', 'resume']) })
