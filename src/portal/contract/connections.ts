import * as z from 'zod'
import { pageQuery, time } from './common.ts'

export const connectionSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    protocol: z.enum(['ssh', 'rdp', 'vnc']),
    port: z.number().int(),
    group: z.array(z.string()),
    tenant: z.string(),
    account: z.string(),
    accountName: z.string().optional(),
    region: z.string(),
    instanceId: z.string(),
    instanceType: z.string(),
    state: z.enum(['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated']),
    platform: z.enum(['linux', 'windows']),
    privateIp: z.string().optional(),
    launchedAt: time,
    tags: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Connection' })
export type Connection = z.infer<typeof connectionSchema>

export const connectionQuerySchema = z.object({
  ...pageQuery,
  /** Words, all of which must occur in name, id, address, account, group or tags. */
  q: z.string().max(200).optional(),
  account: z.string().optional(),
  region: z.string().optional(),
  state: z.string().optional(),
  protocol: z.string().optional(),
  group: z.string().optional(),
})
export type ConnectionQuery = z.infer<typeof connectionQuerySchema>

export const connectionListSchema = z
  .object({
    items: z.array(connectionSchema),
    total: z.number().int(),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'ConnectionList' })
export type ConnectionList = z.infer<typeof connectionListSchema>

/** What a filter can offer: accounts and regions in which the person may list something. */
export const connectionFiltersSchema = z
  .object({
    accounts: z.array(z.object({ id: z.string(), name: z.string().optional() })),
    regions: z.array(z.string()),
  })
  .meta({ id: 'ConnectionFilters' })
export type ConnectionFilters = z.infer<typeof connectionFiltersSchema>

/** Server-sent event `catalogue`: rows that are new or changed, already cut to what the reader may see, and ids that went. */
export const catalogueEventSchema = z
  .object({ changed: z.array(connectionSchema), removed: z.array(z.string()) })
  .meta({ id: 'CatalogueEvent' })
export type CatalogueEvent = z.infer<typeof catalogueEventSchema>

/** Goes into the WebSocket's URL once, within `expiresAt` (30 s at most). */
export const ticketSchema = z.object({ ticket: z.string(), expiresAt: time, path: z.string() }).meta({ id: 'Ticket' })
export type Ticket = z.infer<typeof ticketSchema>
