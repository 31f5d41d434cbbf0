import * as z from 'zod'
import { account, LOG_DAYS, region } from './setting-kinds.ts'

const cidr = z
  .string()
  .regex(/^(10|172|192)(\.\d{1,3}){3}\/(1[6-9]|2[0-8])$/, 'a private network such as 10.200.0.0/24, from /16 to /28')

/** A VPC that the management VPC leads to, in the same account or another. */
const peer = z.strictObject({
  account,
  region: region.optional().describe('That of the management VPC when it is left out'),
  vpcId: z.string().regex(/^vpc-[0-9a-f]+$/),
  cidr: z.string().regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/),
  routeTableIds: z
    .array(z.string().regex(/^rtb-[0-9a-f]+$/))
    .min(1)
    .describe('Of its subnets that answer: they get the way back'),
})
export type Peer = z.output<typeof peer>

/** An environment of the tunnel: a VPC for single-use servers, in one account and region, and who may open them. */
export const managementVpc = z.strictObject({
  environment: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/)
    .describe('What engineers type: enchilada up NAME'),
  tenant: z.string().default('default'),
  account,
  region,
  cidr,
  zones: z.int().min(2).max(3).default(2).describe('Public subnets, each in a zone of its own'),
  peers: z.array(peer).max(50).default([]),
  names: z
    .array(z.string().min(1))
    .max(50)
    .default([])
    .describe('Private hosted zones of this VPC, such as corp.example: engineers ask its resolver for what is in them'),
  engineers: z
    .union([
      z.strictObject({ samlMetadata: z.string().min(1).describe('File with the metadata of the identity provider') }),
      z.strictObject({ account: account.describe('Where people are signed in already; its policies say who may') }),
    ])
    .describe('Who opens tunnels: people of a SAML provider, or of another account'),
  engine: z.enum(['wireguard', 'openvpn']).default('wireguard'),
  instanceTypes: z
    .array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9]+$/))
    .min(1)
    .default(['t4g.nano', 't3a.nano', 't3.nano']),
  longest: z
    .string()
    .regex(/^\d+h$/)
    .default('12h')
    .describe('No server lives longer'),
  reaper: z
    .enum(['lambda', 'serve'])
    .default('lambda')
    .describe('Who ends servers past their time: a function of this stack, or `enchilada serve`'),
  reapMinutes: z.int().min(1).max(60).default(5).describe('With `lambda`: how often it looks'),
  logDays: z
    .int()
    .refine((days) => LOG_DAYS.includes(days), { error: `one of ${LOG_DAYS.join(', ')}` })
    .default(365),
  alarmTopicArn: z
    .string()
    .regex(/^arn:[^:]+:sns:/)
    .optional()
    .describe('In the same region; told when an alarm begins and ends'),
})
export type ManagementVpcSettings = z.output<typeof managementVpc>
