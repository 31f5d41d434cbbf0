import * as z from 'zod'
import { accountListingSchema } from './account-listing.ts'
import { instanceIdSchema, instanceSchema } from './instance.ts'
import { regionListingSchema } from './region-listing.ts'
import { scopeSchema } from './scope.ts'

/** Why an observation is not the whole truth; each is a state of the scope, not an error for ever. */
export const incompleteReasonSchema = z.enum(['denied', 'throttled', 'closed', 'disabled', 'failed'])
export type IncompleteReason = z.infer<typeof incompleteReasonSchema>

/**
 * What AWS said about one scope. `ids` answers a hint (asked = the ids looked up); `listing` is a whole scope.
 * `page`/`pages` cut an observation over 200 KB into messages; `begunAt` fences it against later ones.
 */
export const observationSchema = z.object({
  /** Tells its pages from those of another one that began in the same millisecond. */
  id: z.string().optional(),
  scope: scopeSchema,
  kind: z.enum(['ids', 'listing']),
  begunAt: z.number(),
  page: z.number().int().positive(),
  pages: z.number().int().positive(),
  complete: z.boolean(),
  reason: incompleteReasonSchema.optional(),
  asked: z.array(instanceIdSchema),
  instances: z.array(instanceSchema),
  sweepId: z.string().optional(),
  /** What the organisation calls the account. */
  accountName: z.string().optional(),
  /** Of the hint that it answers: how often the ids were looked up before. */
  attempt: z.number().int().nonnegative().default(0),
})
export type Observation = z.infer<typeof observationSchema>

/** What the observer tells the writer. A message that was no event is worth a record, and the observer keeps no trail. */
export const reportSchema = z.union([
  z.object({ observation: observationSchema }),
  z.object({ malformed: z.object({ id: z.string(), reason: z.string() }) }),
  z.object({ accounts: accountListingSchema }),
  z.object({ regions: regionListingSchema }),
])
export type Report = z.infer<typeof reportSchema>
