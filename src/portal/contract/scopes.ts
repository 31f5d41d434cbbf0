import * as z from 'zod'
import { time } from './common.ts'

export const scopeStatusSchema = z
  .object({
    scope: z.string(),
    tenant: z.string(),
    account: z.string(),
    accountName: z.string().optional(),
    region: z.string(),
    state: z.enum(['fresh', 'stale', 'throttled', 'denied', 'closed', 'disabled', 'gone', 'never']),
    detail: z.string().optional(),
    instances: z.number().int(),
    lastEventAt: time.optional(),
    lastSweepAt: time.optional(),
    drift: z.number().int(),
    heldBack: z.number().int(),
  })
  .meta({ id: 'ScopeStatus' })
export type ScopeStatus = z.infer<typeof scopeStatusSchema>

export const scopeListSchema = z.object({ items: z.array(scopeStatusSchema) }).meta({ id: 'ScopeList' })
export type ScopeList = z.infer<typeof scopeListSchema>
