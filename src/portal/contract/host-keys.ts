import * as z from 'zod'

export const hostKeySchema = z
  .object({
    algorithm: z.string(),
    /** As `ssh-keygen -l` prints it. */
    fingerprint: z.string(),
    learnedBy: z.enum(['console-output', 'operator', 'first-use']),
  })
  .meta({ id: 'HostKey' })
export type HostKey = z.infer<typeof hostKeySchema>

export const hostKeyListSchema = z.object({ items: z.array(hostKeySchema) }).meta({ id: 'HostKeyList' })
export type HostKeyList = z.infer<typeof hostKeyListSchema>

/** Lines of known_hosts or of public key files; none: what is pinned is forgotten, and the next connect learns anew. */
export const hostKeysReplacementSchema = z.object({ keys: z.array(z.string().max(4_096)).max(10) })
