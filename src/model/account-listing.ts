import * as z from 'zod'

/** Every account that there is, as one complete answer says it; half an answer is none. */
export const accountListingSchema = z.object({
  /** When it began, ms since 1970. */
  listedAt: z.number(),
  ids: z.array(z.string()),
  /** Never to be looked at, by the configuration. */
  excluded: z.array(z.string()),
})
export type AccountListing = z.infer<typeof accountListingSchema>
