import * as z from 'zod'

/** The regions that accounts have; of an account that did not answer nothing is said. */
export const regionListingSchema = z.object({
  /** When it began, ms since 1970. */
  listedAt: z.number(),
  /** Whose word it is: what the configuration names is all that shall be looked at. */
  by: z.enum(['aws', 'configuration']),
  /** Accounts that have the same regions stand together: most do. */
  sets: z.array(z.object({ regions: z.array(z.string()), accounts: z.array(z.string()) })),
})
export type RegionListing = z.infer<typeof regionListingSchema>
