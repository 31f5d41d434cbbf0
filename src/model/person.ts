import * as z from 'zod'

/** Who is asking, as the identity provider vouched for them. */
export const personSchema = z.object({
  /** `issuer subject`, unique for ever. */
  id: z.string().min(1),
  /** Shown in lists and sent to AWS as SourceIdentity: e-mail or user name. */
  name: z.string().min(1),
  email: z.string().optional(),
  groups: z.array(z.string()),
  /** A second factor was used, by `amr` or `acr` as configured. */
  mfa: z.boolean(),
  /** ms since 1970. */
  authenticatedAt: z.number(),
})
export type Person = z.infer<typeof personSchema>
