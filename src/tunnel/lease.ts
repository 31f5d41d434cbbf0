import * as z from 'zod'
import { scopeSchema } from '../model/scope.ts'

/** One use of one environment: a server, its tunnel, and until when. The same words are on the server's tags. */
export const leaseSchema = z.object({
  id: z.string().regex(/^lease-[0-9a-f]{12}$/),
  environment: z.string(),
  scope: scopeSchema,
  owner: z.string(),
  /** ms since 1970. */
  startedAt: z.number(),
  until: z.number(),
  /** What the tunnel leads to: networks, hosts, single ports of hosts. */
  leased: z.array(z.string()),
})
export type Lease = z.infer<typeof leaseSchema>

/** Everything that is made carries these; `gc` finds it by the first. */
export const TAGS = {
  lease: 'enchilada:lease',
  environment: 'enchilada:environment',
  tenant: 'enchilada:tenant',
  owner: 'enchilada:owner',
  until: 'enchilada:until',
} as const

/** Of the laptop: every platform takes such a name. */
export const deviceOf = ({ id }: Pick<Lease, 'id'>): string => `ench${id.slice(-8)}`

/** Tag values allow letters, digits, spaces and _ . : / = + - @ (EC2 User Guide, "Tag your resources"). */
const tagValue = (text: string): string => text.replace(/[^\p{L}\p{N}\s_.:/=+\-@]/gu, '-').slice(0, 256)

export const tagsOf = (lease: Lease): { Key: string; Value: string }[] =>
  [
    ['Name', `enchilada ${lease.environment}`],
    [TAGS.lease, lease.id],
    [TAGS.environment, lease.environment],
    [TAGS.tenant, lease.scope.tenant],
    [TAGS.owner, lease.owner],
    [TAGS.until, String(Math.round(lease.until / 1000))],
  ].map(([Key = '', Value = '']) => ({ Key, Value: tagValue(Value) }))
