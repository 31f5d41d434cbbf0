import * as z from 'zod'
import { scopeSchema } from '../model/scope.ts'

const roleName = z.string().regex(/^[\w+=,.@-]{1,64}$/, 'the name of a role, not its ARN')

const { account, region, tenant } = scopeSchema.shape

export const awsSettings = z.strictObject({
  homeRegion: region.describe('Region of the queue, and where STS and Organizations are asked'),
  accounts: z
    .union([
      z.literal('organization'),
      z
        .array(
          z.strictObject({
            id: account,
            name: z.string().optional(),
            tenant: tenant.optional(),
            externalId: z.string().min(2).max(1224).optional().describe('For a customer outside the organisation'),
          }),
        )
        .min(1),
    ])
    .default('organization')
    .describe('`organization`: every active account that Organizations lists; or a list'),
  exclude: z.array(account).default([]).describe('Accounts never to look at'),
  regions: z
    .union([z.literal('enabled'), z.array(region).min(1)])
    .default('enabled')
    .describe(
      '`enabled`: what DescribeRegions says in each account; or a list, which saves that call. What was in a region that the list no longer names is removed with the next sweep',
    ),
  readRole: roleName.default('EnchiladaRead').describe('Role in each account that discovery assumes'),
  connectRole: roleName
    .default('EnchiladaConnect')
    .describe('Role in each account that a connect assumes, as the person'),
  organizationRole: z
    .string()
    .regex(/^arn:[^:]+:iam::\d{12}:role\/.+$/, 'the ARN of a role')
    .optional()
    .describe('Role in the management account that may list accounts, when ours may not'),
  eventQueue: z.url().optional().describe('SQS queue of EC2 events; without it only the sweep finds changes'),
})
export type AwsSettings = z.infer<typeof awsSettings>
