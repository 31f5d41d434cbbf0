import * as z from 'zod'

/** Where AWS is asked: one customer, one partition, one account, one region. */
export const scopeSchema = z.object({
  tenant: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a tenant: up to 32 small letters, digits and hyphens'),
  partition: z.enum(['aws', 'aws-cn', 'aws-us-gov']),
  account: z.string().regex(/^\d{12}$/, 'an account: twelve digits, in quotes'),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region, such as eu-west-1'),
})
export type Scope = z.infer<typeof scopeSchema>
export type Partition = Scope['partition']

/** `acme/aws/111122223333/eu-west-1`; also the key of a scope in every table. */
export const formatScope = (scope: Scope): string =>
  `${scope.tenant}/${scope.partition}/${scope.account}/${scope.region}`

export function parseScope(text: string): Scope {
  const [tenant, partition, account, region] = text.split('/')
  return scopeSchema.parse({ tenant, partition, account, region })
}

/** The partition a region belongs to (AWS General Reference, "AWS partitions"). */
export function partitionOf(region: string): Partition {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}
