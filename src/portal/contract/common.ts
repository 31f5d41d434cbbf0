import * as z from 'zod'

/** Every refusal of the API has this body; `code` is listed in docs/reference/errors.md. */
export const problemSchema = z
  .object({ code: z.string(), message: z.string(), retryable: z.boolean(), hint: z.string() })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof problemSchema>

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(512).optional(),
}

/** Milliseconds since 1970 UTC. */
export const time = z.number().int()

export const meSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().optional(),
    groups: z.array(z.string()),
    mfa: z.boolean(),
    signedInAt: time,
    expiresAt: time,
    /** What the pages should offer at all; each request is decided again. */
    may: z.object({ audit: z.boolean(), administer: z.boolean(), play: z.boolean() }),
  })
  .meta({ id: 'Me' })
export type Me = z.infer<typeof meSchema>
